// SPDX-License-Identifier: MIT
#pragma once
/// \file  Exponential pacing.

#include <cmath>

#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// b + (1 - b) (e^{c t/a} - 1) / (e^c - 1), c > 0: "exp" of Wu et al. 2021 (arXiv 2012.03107),
/// whose c is 10, with a = `full_at`, b = `start`. Late and steep. No c overflows.
struct exponential_pacing {
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
    double const y = std::exp(rate * (x - 1)) * (std::expm1(-rate * x) / std::expm1(-rate));
    return detail::above_start(start, y);
  }
  friend bool operator==(exponential_pacing const&, exponential_pacing const&) = default;
};
static_assert(pacing_function<exponential_pacing>);

}  // namespace prefopt
