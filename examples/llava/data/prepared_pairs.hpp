// SPDX-License-Identifier: MIT
#pragma once
/// \file  Preference pairs as a model takes them: token ids, and pixels with and without noise.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <prefopt/image/noise.hpp>
#include <prefopt/image/preprocess.hpp>

#include "llava/options.hpp"
#include "llava/tokenizer/prompt.hpp"

namespace llava {

/// One answer to the prompt: ids of the whole sequence, labels from `answer_begin` on.
struct answer_tokens {
  std::vector<index_t> ids;
  index_t answer_begin = 0;

  index_t labels() const { return static_cast<index_t>(ids.size()) - answer_begin; }
};

struct prepared_pair {
  answer_tokens chosen, rejected;
  std::filesystem::path image;
  std::optional<std::filesystem::path> mask;
  std::string where;  // "<file>:<line>"
};

/// Reads and tokenises all pairs of a run. Every malformed pair is an error that names its line.
std::vector<prepared_pair> prepare_pairs(run_options const& options, tokenizer const& tokens,
                                         prompt_options const& prompt);

/// The clean and the noised pixels of a pair, [3, size, size] each.
struct pair_pixels {
  std::vector<float> clean, noised;
  bool whole_image = false;  // no region: the noise covers the image, as the paper falls back to
};

/// Decodes, preprocesses and noises the images of pairs. The result for a pair depends on the pair,
/// its index and the seed alone, so the reference and every epoch see the same noise. Keeps what it
/// made, up to a limit.
class pixel_source {
 public:
  pixel_source(run_options const& options, index_t image_size,
               std::size_t cache_bytes = std::size_t{512} << 20);

  pair_pixels get(prepared_pair const& pair, index_t index);

 private:
  pair_pixels make(prepared_pair const& pair, index_t index) const;

  prefopt::preprocess_options preprocess_;
  prefopt::noise_level level_;
  std::uint64_t seed_;
  std::size_t cache_left_;
  std::unordered_map<index_t, pair_pixels> cache_;
};

}  // namespace llava
