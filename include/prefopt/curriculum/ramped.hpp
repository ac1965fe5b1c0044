// SPDX-License-Identifier: MIT
#pragma once
/// \file  A number that moves from one value to another as a pacing function says.

#include <cmath>

#include <prefopt/curriculum/pacing.hpp>
#include <prefopt/curriculum/pacing/linear_pacing.hpp>

namespace prefopt {

/// from + (to - from) pacing(t), exactly `from` at pacing 0 and `to` at pacing 1. The default moves
/// evenly over the whole run.
template <pacing_function Pacing = linear_pacing>
struct ramped {
  double from = 0;
  double to = 0;
  Pacing pacing = from_nothing();

  double operator()(double t) const { return std::lerp(from, to, pacing(t)); }
  friend bool operator==(ramped const&, ramped const&) = default;

 private:
  /// A pacing that opens nothing at first, if it has a start.
  static constexpr Pacing from_nothing()
  {
    Pacing pacing{};
    if constexpr (requires { pacing.start = 0.0; }) { pacing.start = 0; }
    return pacing;
  }
};
static_assert(progress_function<ramped<>>);

}  // namespace prefopt
