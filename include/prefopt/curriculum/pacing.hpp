// SPDX-License-Identifier: MIT
#pragma once
/// \file  Pacing functions: which share of the easy-to-hard ranking is open at a time of the run.
///
/// The competence functions of Platanios et al. 2019 (arXiv 1903.09848) and the geometric one of
/// CurML. `start` in (0, 1] is open at first; everything is open from `full_at` on, a share of the
/// run. All rise from `start` to 1 and stay there.

#include <cmath>
#include <concepts>

namespace prefopt {

/// Share of the ranking in [0, 1] that is open at progress t, 0 at the first and 1 at the last
/// phase of the run.
template <class Pacing>
concept pacing_function = std::regular<Pacing> && requires(Pacing const& pacing, double t) {
  { pacing(t) } -> std::same_as<double>;
};

namespace detail {

/// How far the ramp has come, in [0, 1]; a ramp of no length is over at once.
constexpr double ramp(double t, double full_at)
{
  return t >= full_at ? 1.0 : t / full_at;
}

}  // namespace detail

/// c = c0 + (1 - c0) t/T.
struct linear_pacing {
  double start = 0.01;
  double full_at = 1.0;

  constexpr double operator()(double t) const
  {
    double const x = detail::ramp(t, full_at);
    return x + start * (1 - x);
  }
  friend bool operator==(linear_pacing const&, linear_pacing const&) = default;
};
static_assert(pacing_function<linear_pacing>);

/// c = (c0^p + (1 - c0^p) t/T)^(1/p); p = 2 is the paper's square root. p > 0.
struct root_pacing {
  double start = 0.01;
  double full_at = 1.0;
  double power = 2.0;  // p

  double operator()(double t) const
  {
    double const x = detail::ramp(t, full_at);
    return std::pow(x + std::pow(start, power) * (1 - x), 1 / power);
  }
  friend bool operator==(root_pacing const&, root_pacing const&) = default;
};
static_assert(pacing_function<root_pacing>);

/// c = c0^(1 - t/T): grows by the same factor in the same time. `start` must not be 0.
struct geometric_pacing {
  double start = 0.01;
  double full_at = 1.0;

  double operator()(double t) const { return std::pow(start, 1 - detail::ramp(t, full_at)); }
  friend bool operator==(geometric_pacing const&, geometric_pacing const&) = default;
};
static_assert(pacing_function<geometric_pacing>);

}  // namespace prefopt
