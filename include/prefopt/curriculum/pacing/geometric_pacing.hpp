// SPDX-License-Identifier: MIT
#pragma once
/// \file  Geometric competence.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// c = c0^(1 - t/T): grows by the same factor in the same time (CurML's `geom`). From a start of 0
/// it never leaves 0 before T.
struct geometric_pacing {
  double start = 0.01;   ///< c0
  double full_at = 1.0;  ///< T

  template <class Check>
  constexpr void check(Check& check) const
  {
    detail::check_ramp(check, start, full_at);
  }

  double operator()(double t) const
  {
    return min(std::pow(start, 1 - detail::ramp(t, full_at)), 1.0);
  }
  friend bool operator==(geometric_pacing const&, geometric_pacing const&) = default;
};
static_assert(pacing_function<geometric_pacing>);

}  // namespace prefopt
