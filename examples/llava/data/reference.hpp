// SPDX-License-Identifier: MIT
#pragma once
/// \file  What the frozen reference says about every pair: computed once, kept in the run's folder.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "llava/data/prepared_pairs.hpp"

namespace llava {

/// Log-probabilities of whole answers in nats, one per pair, and how hard each pair is.
struct reference_scores {
  std::vector<float> chosen, rejected, perturbed;
  std::vector<double> difficulty;
};

/// A hash of everything that the reference scores depend on: tokens, images, masks, noise, weights.
class fingerprint {
 public:
  void add(std::span<std::byte const> bytes);
  void add(std::string const& text);
  void add_numbers(std::vector<index_t> const& numbers);

  /// The contents of a file.
  void add_file(std::filesystem::path const& path);

  std::string text() const;  ///< 16 hexadecimal digits

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

/// The fingerprint of a run's data and reference.
std::string run_fingerprint(run_options const& options, std::vector<prepared_pair> const& pairs);

void save_reference(std::filesystem::path const& file, reference_scores const& scores,
                    std::string const& fingerprint);

/// Throws std::runtime_error when the scores were made for other data, masks, noise or weights.
reference_scores load_reference(std::filesystem::path const& file, std::size_t pairs,
                                std::string const& fingerprint);

}  // namespace llava
