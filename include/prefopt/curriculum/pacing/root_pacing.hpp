// SPDX-License-Identifier: MIT
#pragma once
/// \file  Root competence.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// c = (c0^p + (1 - c0^p) t/T)^(1/p), p > 0; p = 2 is the square root of Platanios et al. 2019
/// (arXiv 1903.09848). `power_pacing` is the other root: there the start lies outside.
struct root_pacing {
  double start = 0.01;   ///< c0
  double full_at = 1.0;  ///< T
  double power = 2.0;    ///< p

  double operator()(double t) const
  {
    double const y = detail::above_start(std::pow(start, power), detail::ramp(t, full_at));
    return min(std::pow(y, 1 / power), 1.0);
  }
  friend bool operator==(root_pacing const&, root_pacing const&) = default;
};
static_assert(pacing_function<root_pacing>);

}  // namespace prefopt
