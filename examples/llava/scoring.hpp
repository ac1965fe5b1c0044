// SPDX-License-Identifier: MIT
#pragma once
/// \file  Before training: the reference's log-probabilities, and the pairs ranked by difficulty.

#include <filesystem>
#include <iostream>

#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

#include "llava/report/level_table.hpp"
#include "llava/report/progress.hpp"
#include "llava/session.hpp"
#include "llava/support/file.hpp"

namespace llava {

inline std::vector<double> difficulty_of(session const& s)
{
  std::string const& name = s.options.difficulty;
  if (name == "entropy_mean") { return s.step.difficulty<prefopt::token_entropy_mean<double>>(); }
  if (name == "vocabulary_entropy") {
    return s.step.difficulty<prefopt::vocabulary_entropy_mean<double>>();
  }
  if (name == "nll_mean") { return s.step.difficulty<prefopt::nll_mean<double>>(); }
  if (name == "entropy_sum") { return s.step.difficulty<prefopt::token_entropy_sum<double>>(); }
  throw_unknown("difficulty", name);
}

/// The frozen reference is the model as loaded: one pass over all pairs, or the kept result of it.
inline void compute_reference(session& s, std::filesystem::path const& output)
{
  std::string const id = run_fingerprint(s.options, s.pairs);
  auto const file = output / "reference.safetensors";
  if (std::filesystem::exists(file)) {
    s.reference = load_reference(file, s.pairs.size(), id);
    return;
  }
  progress bar(std::cerr, "reference log-probabilities", static_cast<index_t>(s.pairs.size()));
  index_t whole_images = 0;
  for_each_micro_batch(s, all_indices(s), [&](auto part, auto const& pairs, auto const& pixels) {
    auto const& scored = s.step.forward(pairs, pixels, adapters::off, keep::nothing);
    auto const append = [](auto& to, auto const& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(s.reference.chosen, scored.chosen);
    append(s.reference.rejected, scored.rejected);
    append(s.reference.perturbed, scored.perturbed);
    append(s.reference.difficulty, difficulty_of(s));
    for (pair_pixels const& p : pixels) { whole_images += p.whole_image ? 1 : 0; }
    bar.update(part.back() + 1);
  });
  bar.finish();
  if (whole_images > 0) {
    std::cerr << whole_images << " pairs have no key region: their whole image is noised\n";
  }
  save_reference(file, s.reference, id);
}

inline void rank_pairs(session& s, std::filesystem::path const& output)
{
  auto const n = static_cast<index_t>(s.pairs.size());
  s.order.resize(s.pairs.size());
  s.level_offsets.resize(static_cast<std::size_t>(s.options.levels) + 1);
  prefopt::rank_easy_to_hard(s.reference.difficulty, s.order);
  prefopt::levels_of_equal_size(n, s.level_offsets);
  nlohmann::json levels = nlohmann::json::array();
  for (index_t k = 0; k < s.options.levels; ++k) {
    auto const first = s.order.begin() + s.level_offsets[static_cast<std::size_t>(k)];
    auto const last = s.order.begin() + s.level_offsets[static_cast<std::size_t>(k) + 1];
    levels.push_back(
        {{"name", level_name(k, s.options.levels)}, {"pairs", std::vector<index_t>(first, last)}});
  }
  nlohmann::json const text{
      {"difficulty", s.options.difficulty}, {"scores", s.reference.difficulty}, {"levels", levels}};
  write_file(output / "curriculum.json", text.dump(1) + "\n");
}

}  // namespace llava
