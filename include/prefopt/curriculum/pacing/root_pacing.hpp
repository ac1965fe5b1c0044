// SPDX-License-Identifier: MIT
#pragma once
/// \file  Root competence.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// c = (c0^p + (1 - c0^p) t/T)^(1/p), p > 0; p = 2 is the square root of Platanios et al. 2019
/// (arXiv 1903.09848). `power_pacing` is the other root: there the start lies outside. With p near
/// 0 it is `geometric_pacing`, with a large p nearly everything is open after the first step; no
/// finite p overflows, and at t = 0 it is c0 to the last digit, however small c0^p is.
struct root_pacing {
  double start = 0.01;   ///< c0
  double full_at = 1.0;  ///< T
  double power = 2.0;    ///< p

  template <class Check>
  constexpr void check(Check& check) const
  {
    detail::check_ramp(check, start, full_at);
    check.positive("power", power);
  }

  double operator()(double t) const
  {
    double const x = detail::ramp(t, full_at);
    if (x == 0) { return start; }
    double const log_power = power * std::log(start);  // log c0^p
    // Where c0^p is near 1 only its logarithm has the digits that a root of high order leaves.
    if (log_power > -1) { return std::exp(std::log1p((1 - x) * std::expm1(log_power)) / power); }
    return min(std::pow(detail::above_start(std::pow(start, power), x), 1 / power), 1.0);
  }
  friend bool operator==(root_pacing const&, root_pacing const&) = default;
};
static_assert(pacing_function<root_pacing>);

}  // namespace prefopt
