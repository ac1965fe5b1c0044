// SPDX-License-Identifier: MIT
#pragma once
/// \file  Numerically stable functions that every loss is built from, for any scalar: float,
/// double, packs of them (core/pack.hpp), dual numbers (core/dual.hpp) and a user's own.

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// Signed index of all views and loops.
using index_t = std::int64_t;

template <class Real>
inline constexpr Real infinity_v = std::numeric_limits<Real>::infinity();

template <class Real>
inline constexpr Real quiet_nan_v = std::numeric_limits<Real>::quiet_NaN();

/// `condition ? a : b`, lane by lane where the scalar is a pack. Formulas choose with it.
template <class Number>
  requires std::is_arithmetic_v<Number>
PREFOPT_HD constexpr Number select(bool condition, Number a, Number b)
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

/// |x|, with derivative 0 at 0; NaN propagates.
template <class Scalar>
PREFOPT_HD constexpr Scalar abs(Scalar const& x)
{
  return select(x > Scalar(0), x, Scalar(0) - x);  // 0 - x: +0 for both zeros
}

/// -|x|; NaN propagates.
template <class Scalar>
PREFOPT_HD constexpr Scalar negative_abs(Scalar const& x)
{
  return select(x > Scalar(0), -x, x);
}

/// The number in a scalar: x itself, or the value of a dual number. Slopes for `chain` are computed
/// from it. A scalar type that carries derivatives overloads it in its own namespace.
template <class Scalar>
PREFOPT_HD constexpr Scalar value_of(Scalar const& x)
{
  return x;
}

/// The type of `value_of(x)`.
template <class Scalar>
using value_t = decltype(value_of(std::declval<Scalar const&>()));

/// x as a constant: its value, with derivative 0 (a stop-gradient).
template <class Scalar>
PREFOPT_HD constexpr Scalar detach(Scalar const& x)
{
  return Scalar(value_of(x));
}

/// f(x) for an f whose value and derivative at `value_of(x)` are known in closed form: `f` itself
/// for a plain scalar; a dual number gets the partials slope * x.partial. There a factor that is
/// exactly 0 makes the product 0, whatever the other is: what f or x does not depend on contributes
/// nothing where a derivative is infinite.
template <class Scalar>
PREFOPT_HD constexpr Scalar chain(std::type_identity_t<value_t<Scalar>> const& f,
                                  std::type_identity_t<value_t<Scalar>> const& slope,
                                  Scalar const& x)
{
  if constexpr (std::is_same_v<value_t<Scalar>, Scalar>) {
    return f;
  } else {
    return chain_through_zeros(f, slope, x);
  }
}

/// The same for several arguments, each after the partial derivative of f by it:
/// `chain(f, slope_a, a, slope_b, b)`. Plain constants may stand beside dual numbers.
template <class Scalar, class... More>
PREFOPT_HD constexpr auto chain(std::type_identity_t<value_t<Scalar>> const& f,
                                std::type_identity_t<value_t<Scalar>> const& slope, Scalar const& x,
                                std::type_identity_t<value_t<Scalar>> const& next_slope,
                                More const&... more)
{
  // -0, because adding it changes no number: not even -0.
  return chain(f, slope, x) + chain(value_t<Scalar>(-0.0f), next_slope, more...);
}

/// factor * x where x has no partials (core/dual.hpp has those that do).
template <class Real, class Scalar>
PREFOPT_HD constexpr Scalar scale_partials(Real, Scalar const& x)
{
  return x;
}
template <class Real, class Scalar>
PREFOPT_HD constexpr Scalar scale_value(Real factor, Scalar const& x)
{
  return factor * x;
}

/// x within [low, high], constants that must be ordered. The derivative passes on the closed
/// interval and is 0 outside; NaN in x propagates.
template <class Scalar>
PREFOPT_HD constexpr Scalar clamp(Scalar const& x, std::type_identity_t<value_t<Scalar>> const& low,
                                  std::type_identity_t<value_t<Scalar>> const& high)
{
  return min(max(x, Scalar(low)), Scalar(high));
}

/// e^x for x <= 0. Packs have a shorter way than for any x.
template <class Scalar>
PREFOPT_HD Scalar exp_not_positive(Scalar const& x)
{
  using std::exp;
  return exp(x);
}

/// log(1 + x) for x in [0, 1]. Packs have a shorter way than for any x.
template <class Scalar>
PREFOPT_HD Scalar log1p_of_fraction(Scalar const& x)
{
  using std::log1p;
  return log1p(x);
}

/// A function and its derivative, which share their exponentials.
template <class Scalar>
struct value_and_slope {
  Scalar value;
  Scalar slope;
};

/// log(sigmoid(x)) and its derivative sigmoid(-x), both to full relative precision for every x,
/// packs of fp32 to 2.06 and 2.41 ulp: value -> x as x -> -inf and -> -e^-x as x -> inf; the slope
/// never forms 1 - sigmoid(x). NaN propagates.
template <class Scalar>
PREFOPT_HD value_and_slope<Scalar> log_sigmoid_with_slope(Scalar const& x)
{
  auto const positive = x > Scalar(0);
  Scalar const e = exp_not_positive(negative_abs(x));  // never above 1
  return {select(positive, Scalar(0), x) - log1p_of_fraction(e),
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

/// log(1 - e^x) for x <= 0 and its derivative -1 / expm1(-x), both to full relative precision. As
/// x -> 0 the value is log(-x) and the slope 1 / x, as x -> -inf both are -e^x. At 0 both are -inf;
/// above it the value is NaN. NaN propagates. The cut at -ln 2 is that of Maechler 2012,
/// "Accurately computing log(1 - exp(-|a|))", eq. 7.
template <class Scalar>
PREFOPT_HD value_and_slope<Scalar> log1m_exp_with_slope(Scalar const& x)
{
  using std::exp;
  using std::expm1;
  using std::log;
  using std::log1p;
  Scalar const e = exp(x);
  Scalar const rest = Scalar(0) - expm1(x);  // 1 - e^x, +0 at both zeros
  return {select(x > Scalar(-0.69314718055994531), log(rest), log1p(-e)), -(e / rest)};
}

/// The log-probability of everything else, from a log-probability: log(1 - e^x) for x <= 0.
template <class Scalar>
PREFOPT_HD Scalar log1m_exp(Scalar const& x)
{
  return log1m_exp_with_slope(x).value;
}

}  // namespace prefopt
PREFOPT_INLINED_END
