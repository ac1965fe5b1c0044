// SPDX-License-Identifier: MIT
#pragma once
/// \file  Numerically stable functions that every loss is built from, for any scalar: float,
/// double, packs of them (core/pack.hpp), dual numbers (core/dual.hpp) and a user's own.

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <prefopt/config.hpp>

namespace prefopt {

/// Signed index of all views and loops.
using index_t = std::int64_t;

template <class Real>
inline constexpr Real infinity_v = std::numeric_limits<Real>::infinity();

template <class Real>
inline constexpr Real quiet_nan_v = std::numeric_limits<Real>::quiet_NaN();

/// `condition ? a : b`, lane by lane where the scalar is a pack. Formulas choose with it.
template <class Real>
  requires std::is_floating_point_v<Real>
PREFOPT_HD constexpr Real select(bool condition, Real a, Real b)
{
  return condition ? a : b;
}

/// The larger of two; a NaN in the first argument propagates.
template <class Scalar>
PREFOPT_HD constexpr Scalar max(Scalar const& a, std::type_identity_t<Scalar> const& b)
{
  return select(b > a, b, a);
}

/// The smaller of two; a NaN in the first argument propagates.
template <class Scalar>
PREFOPT_HD constexpr Scalar min(Scalar const& a, std::type_identity_t<Scalar> const& b)
{
  return select(b < a, b, a);
}

namespace detail {

/// A number written into a formula over another scalar: `max(1 - u, 0)`.
template <class Number, class Scalar>
concept constant_for = std::is_arithmetic_v<Number> &&
                       (!std::is_arithmetic_v<Scalar> ||
                        (std::is_integral_v<Number> && std::is_floating_point_v<Scalar>));

}  // namespace detail

// With a number on either side a NaN of the scalar propagates.
template <class Scalar, detail::constant_for<Scalar> Number>
PREFOPT_HD constexpr Scalar max(Scalar const& a, Number b)
{
  return max(a, Scalar(b));
}
template <class Scalar, detail::constant_for<Scalar> Number>
PREFOPT_HD constexpr Scalar max(Number a, Scalar const& b)
{
  return max(b, Scalar(a));
}
template <class Scalar, detail::constant_for<Scalar> Number>
PREFOPT_HD constexpr Scalar min(Scalar const& a, Number b)
{
  return min(a, Scalar(b));
}
template <class Scalar, detail::constant_for<Scalar> Number>
PREFOPT_HD constexpr Scalar min(Number a, Scalar const& b)
{
  return min(b, Scalar(a));
}

/// log(sigmoid(x)) and its derivative sigmoid(-x), which share one exponential.
template <class Scalar>
struct log_sigmoid_result {
  Scalar value;
  Scalar slope;
};

/// Both to full relative precision for every x: value -> x as x -> -inf and -> -e^-x as x -> inf;
/// the slope never forms 1 - sigmoid(x). NaN propagates.
template <class Scalar>
PREFOPT_HD log_sigmoid_result<Scalar> log_sigmoid_with_slope(Scalar const& x)
{
  using std::exp;
  using std::log1p;
  auto const positive = x > Scalar(0);
  Scalar const e = exp(select(positive, -x, x));  // e^-|x|, never above 1
  return {select(positive, Scalar(0), x) - log1p(e),
          select(positive, e, Scalar(1)) / (Scalar(1) + e)};
}

/// log(1 / (1 + e^-x)), the quantity of every Bradley-Terry style loss.
template <class Scalar>
PREFOPT_HD Scalar log_sigmoid(Scalar const& x)
{
  return log_sigmoid_with_slope(x).value;
}

/// log(1 + e^x) without overflow.
template <class Scalar>
PREFOPT_HD Scalar softplus(Scalar const& x)
{
  return -log_sigmoid(-x);
}

/// 1 / (1 + e^-x) without overflow.
template <class Scalar>
PREFOPT_HD Scalar sigmoid(Scalar const& x)
{
  return log_sigmoid_with_slope(Scalar(-x)).slope;
}

}  // namespace prefopt
