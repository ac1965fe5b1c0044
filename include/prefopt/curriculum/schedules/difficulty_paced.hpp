// SPDX-License-Identifier: MIT
#pragma once
/// \file  All samples up to a difficulty that grows: DeepSpeed's curricula.

#include <cmath>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/parameters.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/pacing.hpp>
#include <prefopt/curriculum/pacing/fixed_root_difficulty.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/value_levels.hpp>

namespace prefopt {

/// Of `steps` phases, phase k opens the samples whose difficulty is at most d(k / (steps - 1)), and
/// at least one. Levels stand for values: cut the ranking with `levels_of_equal_width(scores,
/// order, first, width, offsets)`, which puts into level k what is at most first + k width; a d
/// between two of these opens the lower. All phases together draw `epochs` times as many samples as
/// there are, in equal parts, each phase without replacement within what is open.
template <difficulty_function Difficulty = fixed_root_difficulty>
struct difficulty_paced {
  Difficulty difficulty{};
  double first = 8;
  double width = 8;
  index_t steps = 100;
  index_t epochs = 1;

  /// Throws `std::invalid_argument` for steps below 1, epochs below 0, a `first` or `width` that
  /// `levels_of_equal_width` refuses, and parameters that the difficulty's `check` refuses.
  index_t phases(level_view) const
  {
    detail::require_run("difficulty_paced", steps, epochs);
    check_thresholds();
    detail::check_parameters("difficulty_paced", difficulty);
    return steps;
  }
  constexpr index_t epochs_of(index_t, level_view) const { return 1; }
  open_part part(index_t phase, index_t, level_view levels) const
  {
    check_thresholds();
    index_t const n = levels.samples();
    double const d = difficulty(detail::progress_at(phase, steps));
    if (!(d == d)) {
      detail::throw_invalid("difficulty_paced", "difficulty of phase " + std::to_string(phase),
                            "a number", std::to_string(d));
    }
    // The hardest level whose threshold d reaches, as the levels were cut: the quotient rounds and
    // may miss it by one.
    index_t const last = levels.count() - 1;
    auto level = static_cast<index_t>(
        clamp(std::floor((d - first) / width), -1.0, static_cast<double>(last)));
    if (level < last && detail::highest_of_level(first, width, level + 1) <= d) { ++level; }
    if (level >= 0 && detail::highest_of_level(first, width, level) > d) { --level; }
    index_t const open = level < 0 ? 0 : levels.last(level);
    return {0, min(n, max(index_t{1}, open)),
            detail::draws_in_phase(detail::draws_in_epochs("difficulty_paced", epochs, n), phase,
                                   steps)};
  }
  friend bool operator==(difficulty_paced const&, difficulty_paced const&) = default;

 private:
  void check_thresholds() const
  {
    detail::check_parameter const check{"difficulty_paced"};
    check.finite("first", first);
    check.positive("width", width);
  }
};
static_assert(check_schedule<difficulty_paced<>>());

}  // namespace prefopt
