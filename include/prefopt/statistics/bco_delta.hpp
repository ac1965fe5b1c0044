// SPDX-License-Identifier: MIT
#pragma once
/// \file  BCO's reward shift: the running mean of all rewards so far.

#include <array>

#include <prefopt/core/view.hpp>
#include <prefopt/statistics/saved_state.hpp>
#include <prefopt/statistics/weighted_mean.hpp>

namespace prefopt {

/// delta = mean of the rewards beta (log pi - log pi_ref) of all answers of all batches, this one
/// included (Jung et al., arXiv 2404.04656: the reward shift). A constant of the loss.
///
/// Each step: push every reward of the global batch (chosen and rejected, desirable and not) into a
/// `weighted_mean`, merge it over micro-batches and ranks, `update`, then use `value()`. For
/// evaluation use `value()` without `update`.
///
/// Traps it avoids: TRL's bco_pair (up to 0.28) fed an already averaged number, so that a batch
/// counted 1 whatever its size, and kept the state out of checkpoints; a batch of one class or of
/// none is no special case here.
struct bco_delta {
  double mean = 0;
  double weight = 0;  ///< of all rewards so far: their number where none are weighted

  /// Takes in one global batch. A batch without rewards changes nothing; NaN stays, so a trainer
  /// that drops a step with NaN keeps a copy of the state.
  void update(weighted_mean const& rewards)
  {
    if (rewards.count == 0) { return; }
    double const added = rewards.weight.value();
    weight += added;
    mean += (rewards.mean() - mean) * (added / weight);
  }

  /// 0 before the first batch.
  double value() const { return mean; }

  /// {1, mean, weight}: the 1 is the version of this layout.
  std::array<double, 3> save() const { return {1, mean, weight}; }
  /// Throws `std::invalid_argument` for another layout.
  static bco_delta load(vector_view<double const> saved)
  {
    detail::require_saved("bco_delta", saved, 3, 1);
    return {.mean = saved[1], .weight = saved[2]};
  }

  bool operator==(bco_delta const&) const = default;
};

}  // namespace prefopt
