// SPDX-License-Identifier: MIT
#pragma once
/// \file  DeepSpeed's `fixed_root` and `fixed_linear`: a difficulty that grows in whole steps.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// d = floor((t/T)^(1/degree) (max - min) + min), rounded down to a multiple of `difficulty_step`:
/// `fixed_root` of DeepSpeed's `curriculum_scheduler.py`, and `fixed_linear` with degree 1. t/T is
/// its global step over `total_curriculum_step`. min <= max, step > 0, degree > 0, T >= 0.
///
/// Two ends differ on purpose: d never falls below `min_difficulty` (DeepSpeed's does if the step
/// does not divide it), and is `max_difficulty` from `full_at` on (DeepSpeed's a little later, if
/// the step does not divide that).
struct fixed_root_difficulty {
  double min_difficulty = 8;
  double max_difficulty = 1024;
  double difficulty_step = 8;
  double degree = 2;
  double full_at = 1.0;  ///< T

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("min_difficulty", min_difficulty);
    check.in_half_open("max_difficulty", max_difficulty, min_difficulty, infinity_v<double>);
    check.positive("difficulty_step", difficulty_step);
    check.positive("degree", degree);
    check.not_negative("full_at", full_at);
  }

  constexpr double lowest() const { return min_difficulty; }
  constexpr double highest() const { return max_difficulty; }
  double operator()(double t) const
  {
    double const x = detail::ramp(t, full_at);
    if (x == 1) { return max_difficulty; }
    double const d =
        std::floor(std::pow(x, 1 / degree) * (max_difficulty - min_difficulty) + min_difficulty);
    return min(max(d - std::fmod(d, difficulty_step), min_difficulty), max_difficulty);
  }
  friend bool operator==(fixed_root_difficulty const&, fixed_root_difficulty const&) = default;
};
static_assert(difficulty_function<fixed_root_difficulty>);

/// DeepSpeed's `fixed_linear`.
constexpr fixed_root_difficulty fixed_linear_difficulty(double min_difficulty,
                                                        double max_difficulty,
                                                        double difficulty_step,
                                                        double full_at = 1.0)
{
  return {min_difficulty, max_difficulty, difficulty_step, 1, full_at};
}

}  // namespace prefopt
