// SPDX-License-Identifier: MIT
#pragma once
/// \file  All levels at once, in proportions that may move.

#include <prefopt/core/math.hpp>
#include <prefopt/core/parameters.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/mixture/temperature_weights.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// Every one of `steps` phases draws from all levels, in proportion to `weights` at its progress
/// (`temperature_weights`, `annealed_weights`, or a struct with a `weight` of your own). All phases
/// together draw `epochs` times as many samples as there are, in equal parts; the draws of a level
/// differ from its share by less than 1, and the differences cancel over the phases. Empty levels
/// take no share. Throws `std::invalid_argument` for steps below 1, epochs below 0, parameters
/// that the `check` of the weights refuses, or a weight that is negative or not finite.
template <weighs_levels Weights = temperature_weights<>>
struct level_mixture {
  Weights weights{};
  index_t steps = 1;
  index_t epochs = 1;

  index_t phases(level_view) const
  {
    detail::require_run("level_mixture", steps, epochs);
    detail::check_parameters("level_mixture", weights);
    return steps;
  }
  constexpr index_t epochs_of(index_t, level_view) const { return 1; }
  constexpr index_t parts(index_t, level_view levels) const { return levels.count(); }
  open_part part(index_t phase, index_t j, level_view levels) const
  {
    index_t const total = detail::draws_in_phase(
        detail::draws_in_epochs("level_mixture", epochs, levels.samples()), phase, steps);
    index_t const draws =
        detail::draws_of_level("level_mixture", weights, j, detail::progress_at(phase, steps),
                               levels, total, detail::rounding_offset(phase));
    return {levels.first(j), levels.last(j), draws};
  }
  /// All parts with two looks at every weight, in the place of one for every two levels.
  template <class Visit>
  void each_part(index_t phase, level_view levels, Visit const& visit) const
  {
    constexpr char const* name = "level_mixture";
    index_t const total = detail::draws_in_phase(
        detail::draws_in_epochs("level_mixture", epochs, levels.samples()), phase, steps);
    double const t = detail::progress_at(phase, steps), offset = detail::rounding_offset(phase);
    double sum = 0, before = 0;
    for (index_t j = 0; j < levels.count(); ++j) {
      sum += detail::checked_weight(name, weights, j, t, levels);
    }
    detail::require_some_weight(name, sum, total);
    for (index_t j = 0; j < levels.count(); ++j) {
      double const after = before + detail::checked_weight(name, weights, j, t, levels);
      index_t const draws = detail::draws_by_weight(total, before, after, sum, offset);
      visit(open_part{levels.first(j), levels.last(j), draws});
      before = after;
    }
  }
  friend bool operator==(level_mixture const&, level_mixture const&) = default;
};
static_assert(check_schedule<level_mixture<>>() && mixes_parts<level_mixture<>>);

}  // namespace prefopt
