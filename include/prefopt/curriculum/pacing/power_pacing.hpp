// SPDX-License-Identifier: MIT
#pragma once
/// \file  Quadratic and root pacing, and powers between.

#include <cmath>

#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// b + (1 - b) (t/a)^p, p > 0: "quad" (p = 2) and "root" (p = .5) of Wu et al. 2021 (arXiv
/// 2012.03107), with a = `full_at`, b = `start`.
struct power_pacing {
  double start = 0.01;   ///< b
  double full_at = 1.0;  ///< a
  double power = 2.0;    ///< p

  template <class Check>
  constexpr void check(Check& check) const
  {
    detail::check_ramp(check, start, full_at);
    check.positive("power", power);
  }

  double operator()(double t) const
  {
    return detail::above_start(start, std::pow(detail::ramp(t, full_at), power));
  }
  friend bool operator==(power_pacing const&, power_pacing const&) = default;
};
static_assert(pacing_function<power_pacing>);

}  // namespace prefopt
