// SPDX-License-Identifier: MIT
#pragma once
/// \file  Forward-mode dual numbers: the exact gradient of a formula that is written once.

#include <cmath>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// A value and its N partial derivatives. `Value` is float, double or a pack of them, so that one
/// formula yields gradients for one sample, or for as many as the machine's vectors hold.
template <class Value, int N>
struct dual {
  Value value{};
  Value partial[N]{};

  dual() = default;
  PREFOPT_HD constexpr dual(Value const& v) : value(v) {}  // implicit: a constant has no derivative
  template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, Value>)
  PREFOPT_HD constexpr explicit dual(Number v) : value(static_cast<Value>(v))
  {
  }

  /// The k-th independent variable.
  PREFOPT_HD static dual variable(Value const& v, int k)
  {
    dual d(v);
    d.partial[k] = Value(1);
    return d;
  }

  /// What `chain` in core/math.hpp does for dual numbers.
  PREFOPT_HD friend dual chain_through_zeros(Value const& f, Value const& slope, dual const& x)
  {
    return chain_through_zeros_each(f, slope, x, std::make_integer_sequence<int, N>{});
  }

  PREFOPT_HD friend dual operator+(dual const& a, dual const& b)
  {
    return combine(a.value + b.value, a, Value(1), b, Value(1));
  }
  PREFOPT_HD friend dual operator-(dual const& a, dual const& b)
  {
    return combine(a.value - b.value, a, Value(1), b, Value(-1));
  }
  PREFOPT_HD friend dual operator*(dual const& a, dual const& b)
  {
    return combine(a.value * b.value, a, b.value, b, a.value);
  }
  PREFOPT_HD friend dual operator/(dual const& a, dual const& b)
  {
    Value const q = a.value / b.value;
    return combine(q, a, Value(1) / b.value, b, -q / b.value);
  }
  PREFOPT_HD friend dual operator-(dual const& a) { return apply(-a.value, Value(-1), a); }

  // With a constant on one side nothing multiplies a partial by zero, so an infinite constant
  // cannot turn a zero derivative into NaN.
  PREFOPT_HD friend dual operator+(dual const& a, Value const& b)
  {
    return apply(a.value + b, Value(1), a);
  }
  PREFOPT_HD friend dual operator+(Value const& a, dual const& b) { return b + a; }
  PREFOPT_HD friend dual operator-(dual const& a, Value const& b)
  {
    return apply(a.value - b, Value(1), a);
  }
  PREFOPT_HD friend dual operator-(Value const& a, dual const& b)
  {
    return apply(a - b.value, Value(-1), b);
  }
  PREFOPT_HD friend dual operator*(dual const& a, Value const& b)
  {
    return apply(a.value * b, b, a);
  }
  PREFOPT_HD friend dual operator*(Value const& a, dual const& b) { return b * a; }
  PREFOPT_HD friend dual operator/(dual const& a, Value const& b)
  {
    return apply(a.value / b, Value(1) / b, a);
  }

  PREFOPT_HD friend auto operator<(dual const& a, dual const& b) { return a.value < b.value; }
  PREFOPT_HD friend auto operator>(dual const& a, dual const& b) { return a.value > b.value; }
  PREFOPT_HD friend auto operator<=(dual const& a, dual const& b) { return a.value <= b.value; }
  PREFOPT_HD friend auto operator>=(dual const& a, dual const& b) { return a.value >= b.value; }
  PREFOPT_HD friend auto operator==(dual const& a, dual const& b) { return a.value == b.value; }

  PREFOPT_HD friend auto operator<(dual const& a, Value const& b) { return a.value < b; }
  PREFOPT_HD friend auto operator>(dual const& a, Value const& b) { return a.value > b; }
  PREFOPT_HD friend auto operator<=(dual const& a, Value const& b) { return a.value <= b; }
  PREFOPT_HD friend auto operator>=(dual const& a, Value const& b) { return a.value >= b; }
  PREFOPT_HD friend auto operator==(dual const& a, Value const& b) { return a.value == b; }

  /// Chooses value and derivatives together: the branch not taken contributes nothing, not 0 * inf.
  template <class Condition>
  PREFOPT_HD friend dual select(Condition const& condition, dual const& a, dual const& b)
  {
    return select_each(condition, a, b, std::make_integer_sequence<int, N>{});
  }

  PREFOPT_HD friend dual exp(dual const& x)
  {
    using std::exp;
    Value const e = exp(x.value);
    return apply(e, e, x);
  }
  PREFOPT_HD friend dual expm1(dual const& x)
  {
    using std::exp;
    using std::expm1;
    // Not expm1(x) + 1 for the slope, which is 0 long before e^x.
    return apply(expm1(x.value), exp(x.value), x);
  }
  PREFOPT_HD friend dual log(dual const& x)
  {
    using std::log;
    return apply(log(x.value), Value(1) / x.value, x);
  }
  PREFOPT_HD friend dual log1p(dual const& x)
  {
    using std::log1p;
    return apply(log1p(x.value), Value(1) / (Value(1) + x.value), x);
  }
  PREFOPT_HD friend dual log_sigmoid(dual const& x)
  {
    auto const r = log_sigmoid_with_slope(x.value);
    return apply(r.value, r.slope, x);
  }
  PREFOPT_HD friend dual sigmoid(dual const& x)
  {
    auto const up = log_sigmoid_with_slope(Value(-x.value));
    auto const down = log_sigmoid_with_slope(x.value);
    return apply(up.slope, up.slope * down.slope, x);
  }

 private:
  // The partials are written out by pack expansion: a loop is not unrolled at -O2.
  /// f(x) from the value of f and of its derivative at x.
  PREFOPT_HD static dual apply(Value const& f, Value const& slope, dual const& x)
  {
    return apply_each(f, slope, x, std::make_integer_sequence<int, N>{});
  }
  template <int... K>
  PREFOPT_HD static dual apply_each(Value const& f, Value const& slope, dual const& x,
                                    std::integer_sequence<int, K...>)
  {
    dual r(f);
    ((r.partial[K] = slope * x.partial[K]), ...);
    return r;
  }
  template <int... K>
  PREFOPT_HD static dual chain_through_zeros_each(Value const& f, Value const& slope, dual const& x,
                                                  std::integer_sequence<int, K...>)
  {
    dual r(f);
    ((r.partial[K] = product_through_zeros(slope, x.partial[K])), ...);
    return r;
  }
  PREFOPT_HD static Value product_through_zeros(Value const& a, Value const& b)
  {
    return select_value(a == Value(0), a, select_value(b == Value(0), b, a * b));
  }
  template <class Condition>
  PREFOPT_HD static Value select_value(Condition const& condition, Value const& a, Value const& b)
  {
    using prefopt::select;
    return select(condition, a, b);
  }
  PREFOPT_HD static dual combine(Value const& f, dual const& a, Value const& slope_a, dual const& b,
                                 Value const& slope_b)
  {
    return combine_each(f, a, slope_a, b, slope_b, std::make_integer_sequence<int, N>{});
  }
  template <int... K>
  PREFOPT_HD static dual combine_each(Value const& f, dual const& a, Value const& slope_a,
                                      dual const& b, Value const& slope_b,
                                      std::integer_sequence<int, K...>)
  {
    dual r(f);
    ((r.partial[K] = slope_a * a.partial[K] + slope_b * b.partial[K]), ...);
    return r;
  }
  template <class Condition, int... K>
  PREFOPT_HD static dual select_each(Condition const& condition, dual const& a, dual const& b,
                                     std::integer_sequence<int, K...>)
  {
    dual r(select_value(condition, a.value, b.value));
    ((r.partial[K] = select_value(condition, a.partial[K], b.partial[K])), ...);
    return r;
  }
};

// These overload what core/math.hpp has for any scalar; not friends, so that prefopt::abs(x) finds
// them too.

/// The number without its derivatives.
template <class Value, int N>
PREFOPT_HD constexpr Value value_of(dual<Value, N> const& x)
{
  return x.value;
}

/// factor * x in two parts, value and partials, between which a function may be applied: the factor
/// then meets partials that are often the same for all samples.
template <class Real, class Value, int N>
PREFOPT_HD dual<Value, N> scale_partials(Real factor, dual<Value, N> const& x)
{
  dual<Value, N> r = factor * x;
  r.value = x.value;
  return r;
}
template <class Real, class Value, int N>
PREFOPT_HD dual<Value, N> scale_value(Real factor, dual<Value, N> x)
{
  x.value = factor * x.value;
  return x;
}

template <class Value, int N>
PREFOPT_HD dual<Value, N> abs(dual<Value, N> const& x)
{
  Value const zero(0);
  // Where x is neither above nor below 0 it is its own slope: 0, or NaN.
  Value const slope = select(x.value > zero, Value(1), select(x.value < zero, Value(-1), x.value));
  return chain(abs(x.value), slope, x);
}

template <class Value, int N>
PREFOPT_HD dual<Value, N> log1m_exp(dual<Value, N> const& x)
{
  auto const r = log1m_exp_with_slope(x.value);
  return chain(r.value, r.slope, x);  // through zeros: the slope is infinite at 0
}

}  // namespace prefopt
PREFOPT_INLINED_END
