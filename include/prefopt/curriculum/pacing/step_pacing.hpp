// SPDX-License-Identifier: MIT
#pragma once
/// \file  Everything from one step on.

#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// floor(t/a) + b, clipped to 1: `start` = b before `full_at` = a, everything from then on ("step"
/// of Wu et al. 2021, arXiv 2012.03107).
struct step_pacing {
  double start = 0.25;   ///< b
  double full_at = 0.5;  ///< a

  template <class Check>
  constexpr void check(Check& check) const
  {
    detail::check_ramp(check, start, full_at);
  }

  constexpr double operator()(double t) const
  {
    double const x = detail::ramp(t, full_at);
    return x < 1 ? start : x;  // NaN propagates
  }
  friend bool operator==(step_pacing const&, step_pacing const&) = default;
};
static_assert(pacing_function<step_pacing>);

}  // namespace prefopt
