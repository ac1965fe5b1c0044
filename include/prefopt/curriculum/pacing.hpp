// SPDX-License-Identifier: MIT
#pragma once
/// \file  Pacing functions: which share of the easy-to-hard ranking is open at a time of the run.
///
/// One per header of curriculum/pacing. Those of a share rise from `start` in [0, 1] to 1, which
/// they reach at `full_at`, a share of the run, and keep: exactly 1, whatever is rounded before. A
/// `full_at` above 1 lies behind the end of the run, which then never opens everything.
///
/// A function with parameters has a `check(checker)`, as losses have: schedules call it in
/// `phases`, which is what a sampler asks first, so that no run begins with parameters out of their
/// domain.

#include <concepts>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// A value for every progress t, 0 at the first and 1 at the last phase of the run.
template <class Function>
concept progress_function = std::regular<Function> && requires(Function const& function, double t) {
  { function(t) } -> std::same_as<double>;
};

/// A progress function whose values are difficulties (token counts, scores), not shares.
template <class Function>
concept difficulty_function = progress_function<Function> && requires(Function const& function) {
  { function.lowest() } -> std::same_as<double>;
  { function.highest() } -> std::same_as<double>;
};

/// Share of the ranking in [0, 1] that is open at progress t.
template <class Pacing>
concept pacing_function = progress_function<Pacing> && !difficulty_function<Pacing>;

namespace detail {

/// Checks what every ramp has.
template <class Check>
constexpr void check_ramp(Check& check, double start, double full_at)
{
  check.in_closed("start", start, 0, 1);
  check.not_negative("full_at", full_at);
}

/// Checks the parameters of a pacing, if it has any.
template <class Check, class Pacing>
constexpr void check_pacing(Check& check, Pacing const& pacing)
{
  if constexpr (requires { pacing.check(check); }) { pacing.check(check); }
}

/// How far the ramp has come, in [0, 1]; a ramp of no length is over at once. NaN propagates.
constexpr double ramp(double t, double full_at)
{
  return t >= full_at ? 1.0 : t < 0 ? 0.0 : t / full_at;
}

/// start + (1 - start) y, exactly 1 at y = 1.
constexpr double above_start(double start, double y)
{
  return y + start * (1 - y);
}

/// Progress of phase k of several: 0 at the first, 1 at the last; a single phase is the last.
constexpr double progress_at(index_t phase, index_t phases)
{
  return phases > 1 ? static_cast<double>(phase) / static_cast<double>(phases - 1) : 1.0;
}

/// The share that a pacing function opens, checked: one without a `check` may leave [0, 1].
template <pacing_function Pacing>
double checked_share(char const* function, Pacing const& pacing, double t)
{
  double const share = pacing(t);
  if (!(share >= 0 && share <= 1)) {
    throw_invalid(function, "pacing at " + std::to_string(t), "a share in [0, 1]",
                  std::to_string(share));
  }
  return share;
}

}  // namespace detail
}  // namespace prefopt
