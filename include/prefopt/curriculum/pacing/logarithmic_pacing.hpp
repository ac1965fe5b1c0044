// SPDX-License-Identifier: MIT
#pragma once
/// \file  Logarithmic pacing.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// b + (1 - b) (1 + log(t/a + e^-c) / c), clipped to 1, c > 0: "log" of Wu et al. 2021 (arXiv
/// 2012.03107), whose c is 10, with a = `full_at`, b = `start`. Early and steep; the last bit
/// before a is above 1 and clipped. No c overflows, and at t = 0 it is b to the last digit.
struct logarithmic_pacing {
  double start = 0.01;   ///< b
  double full_at = 1.0;  ///< a
  double rate = 10.0;    ///< c

  template <class Check>
  constexpr void check(Check& check) const
  {
    detail::check_ramp(check, start, full_at);
    check.positive("rate", rate);
  }

  double operator()(double t) const
  {
    double const x = detail::ramp(t, full_at);
    return detail::above_start(start, min(softplus(std::log(x) + rate) / rate, 1.0));
  }
  friend bool operator==(logarithmic_pacing const&, logarithmic_pacing const&) = default;
};
static_assert(pacing_function<logarithmic_pacing>);

}  // namespace prefopt
