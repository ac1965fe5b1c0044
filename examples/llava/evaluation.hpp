// SPDX-License-Identifier: MIT
#pragma once
/// \file  After training: every level scored with the model as it is, and as the reference was.

#include <cmath>
#include <iostream>
#include <stdexcept>

#include <prefopt/margins/summary.hpp>

#include "llava/report/level_table.hpp"
#include "llava/report/progress.hpp"
#include "llava/session.hpp"

namespace llava {

inline level_scores scores_of(prefopt::mfpo<real> const& loss, pair_columns<real> const& policy,
                              pair_columns<real> const& reference)
{
  auto const sums = prefopt::summarize(loss, loss_input(policy, reference));
  auto const n = static_cast<double>(sums.count);
  level_scores scores{.loss = sums.mean_value(),
                      .text_margin = sums.term[0].margin / n,
                      .image_margin = sums.term[1].margin / n,
                      .text_accuracy = sums.term[0].wins / n,
                      .image_accuracy = sums.term[1].wins / n};
  for (std::size_t i = 0; i < policy.chosen.size(); ++i) {
    scores.prefers_chosen += policy.chosen[i] > policy.rejected[i] ? 1 / n : 0;
    scores.prefers_clean += policy.chosen[i] > policy.perturbed[i] ? 1 / n : 0;
  }
  return scores;
}

/// Scores every level with the model as it is now, and as the reference was. The pairs are those of
/// the run: this tells what was learnt, not how it generalises. They go through the model in the
/// order and the micro-batches of the reference pass, so that an untrained model has margins of
/// exactly 0.
inline std::vector<level_result> evaluate_levels(session& s)
{
  auto const loss = make_loss<real>(s.options);
  progress bar(std::cerr, "evaluation", static_cast<index_t>(s.pairs.size()));
  pair_columns<real> policy;
  for_each_micro_batch(s, all_indices(s), [&](auto part, auto const& pairs, auto const& pixels) {
    policy.append(s.step.forward(pairs, pixels, adapters::on, keep::nothing));
    bar.update(part.back() + 1);
  });
  bar.finish();
  for (auto const* column : {&policy.chosen, &policy.rejected, &policy.perturbed}) {
    for (real log_prob : *column) {
      if (!std::isfinite(log_prob)) {
        throw std::runtime_error("evaluation: expected finite log-probabilities, got " +
                                 std::to_string(log_prob) + "; the run has diverged");
      }
    }
  }

  pair_columns<real> const reference = columns_of(s.reference);
  auto const result = [&](std::string const& name, std::span<index_t const> indices) {
    pair_columns<real> const before = rows_of(reference, indices);
    return level_result{name, static_cast<index_t>(indices.size()), scores_of(loss, before, before),
                        scores_of(loss, rows_of(policy, indices), before)};
  };
  std::vector<level_result> results;
  for (index_t k = 0; k < s.options.levels; ++k) {
    auto const first = static_cast<std::size_t>(s.level_offsets[static_cast<std::size_t>(k)]);
    auto const last = static_cast<std::size_t>(s.level_offsets[static_cast<std::size_t>(k) + 1]);
    if (first == last) { continue; }
    results.push_back(result(level_name(k, s.options.levels),
                             std::span<index_t const>(s.order).subspan(first, last - first)));
  }
  results.push_back(result("all", s.order));
  return results;
}

}  // namespace llava
