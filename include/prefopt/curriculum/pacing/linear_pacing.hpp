// SPDX-License-Identifier: MIT
#pragma once
/// \file  Linear competence.

#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// c = c0 + (1 - c0) t/T (Platanios et al. 2019, arXiv 1903.09848; the same as "linear" of Wu et
/// al. 2021, arXiv 2012.03107, with a = `full_at`, b = `start`).
struct linear_pacing {
  double start = 0.01;   ///< c0
  double full_at = 1.0;  ///< T

  template <class Check>
  constexpr void check(Check& check) const
  {
    detail::check_ramp(check, start, full_at);
  }

  constexpr double operator()(double t) const
  {
    return detail::above_start(start, detail::ramp(t, full_at));
  }
  friend bool operator==(linear_pacing const&, linear_pacing const&) = default;
};
static_assert(pacing_function<linear_pacing>);

}  // namespace prefopt
