// SPDX-License-Identifier: MIT
#pragma once
/// \file  Packs: as many numbers as a vector register holds, as one scalar. Host code only.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// One truth value per lane. It does not convert to bool: formulas say `select(condition, a, b)`.
/// Conditions combine by `&&`, `||` and `!`, which evaluate both sides, as for plain numbers.
template <class T, int N, class Target = detail::compile_target>
struct pack_mask {
  using integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef integer vector __attribute__((vector_size(N * sizeof(T))));

  vector lanes;

  template <class Mask = pack_mask>
  explicit operator bool() const
  {
    static_assert(!std::is_same_v<Mask, pack_mask>,
                  "prefopt: a comparison of packs has one answer per sample; write "
                  "select(condition, a, b) instead of `if` or `?:`");
    return false;
  }

  friend pack_mask operator&&(pack_mask const& a, pack_mask const& b)
  {
    return {a.lanes & b.lanes};
  }
  friend pack_mask operator||(pack_mask const& a, pack_mask const& b)
  {
    return {a.lanes | b.lanes};
  }
  friend pack_mask operator!(pack_mask const& a) { return {~a.lanes}; }
};

/// N numbers that are computed together. N must be what the target's registers hold: compilers
/// split wider vectors at a heavy cost. `Target` keeps the packs of files that were compiled for
/// different machines apart.
template <class T, int N, class Target = detail::compile_target>
struct pack {
  typedef T vector __attribute__((vector_size(N * sizeof(T))));
  using mask = pack_mask<T, N, Target>;

  vector lanes{};

  pack() = default;
  pack(vector const& v) : lanes(v) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  pack(Number v) : lanes(static_cast<T>(v) - vector{})  // implicit: constants fill every lane
  {
  }

  /// Fills `count` lanes from memory; the others keep what they hold.
  void load(T const* from, index_t stride, index_t count)
  {
    if (count == N && stride == 1) {
      std::memcpy(&lanes, from, sizeof lanes);
    } else {
      for (index_t k = 0; k < count; ++k) { lanes[k] = from[k * stride]; }
    }
  }
  void store(T* to, index_t stride, index_t count) const
  {
    if (count == N && stride == 1) {
      std::memcpy(to, &lanes, sizeof lanes);
    } else {
      for (index_t k = 0; k < count; ++k) { to[k * stride] = lanes[k]; }
    }
  }

  friend pack operator+(pack const& a, pack const& b) { return a.lanes + b.lanes; }
  friend pack operator-(pack const& a, pack const& b) { return a.lanes - b.lanes; }
  friend pack operator*(pack const& a, pack const& b) { return a.lanes * b.lanes; }
  friend pack operator/(pack const& a, pack const& b) { return a.lanes / b.lanes; }
  friend pack operator-(pack const& a) { return -a.lanes; }

  /// a b + c in one expression, which compilers may round once.
  friend pack mul_add(pack const& a, pack const& b, pack const& c)
  {
    return a.lanes * b.lanes + c.lanes;
  }

  friend mask operator<(pack const& a, pack const& b) { return {a.lanes < b.lanes}; }
  friend mask operator>(pack const& a, pack const& b) { return {a.lanes > b.lanes}; }
  friend mask operator<=(pack const& a, pack const& b) { return {a.lanes <= b.lanes}; }
  friend mask operator>=(pack const& a, pack const& b) { return {a.lanes >= b.lanes}; }
  friend mask operator==(pack const& a, pack const& b) { return {a.lanes == b.lanes}; }

  friend pack select(mask const& condition, pack const& a, pack const& b)
  {
    return condition.lanes ? a.lanes : b.lanes;
  }
};

/// The pack of T that fills one register of the target this file is compiled for; T itself where
/// there are no packs.
template <class T, class Target = detail::compile_target>
using native_pack =
    std::conditional_t<Target::has_packs,
                       pack<T, Target::vector_bytes / static_cast<int>(sizeof(T)), Target>, T>;

/// Samples in one value: the lanes of a pack, 1 for a plain number.
template <class Value>
inline constexpr index_t lanes_of = 1;
template <class T, int N>
inline constexpr index_t lanes_of<pack<T, N>> = N;

namespace detail {

template <class T, int N, class Function>
pack<T, N> each_lane(pack<T, N> x, Function f)
{
  for (int i = 0; i < N; ++i) { x.lanes[i] = f(x.lanes[i]); }
  return x;
}

}  // namespace detail

/// Sum of the lanes in double, in lane order.
template <class T, int N>
double sum_lanes(pack<T, N> const& x)
{
  double total = 0;
  for (int i = 0; i < N; ++i) { total += static_cast<double>(x.lanes[i]); }
  return total;
}

/// The largest lane; lanes that are NaN do not count unless the first is.
template <class T, int N>
T max_lane(pack<T, N> const& x)
{
  T largest = x.lanes[0];
  for (int i = 1; i < N; ++i) { largest = max(largest, x.lanes[i]); }
  return largest;
}

/// Whether the condition holds in any lane.
template <class T, int N>
bool any_lane(pack_mask<T, N> const& condition)
{
  constexpr int words = N * static_cast<int>(sizeof(T)) / 8;
  std::uint64_t word[words];
  std::memcpy(word, &condition.lanes, sizeof word);
  std::uint64_t found = 0;
  for (int i = 0; i < words; ++i) { found |= word[i]; }
  return found != 0;
}

namespace detail {

/// (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2.
template <int N>
pack<float, N> exp_tail(pack<float, N> const& r)
{
  pack<float, N> p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  return p * r + 5.0000001201e-1f;
}

}  // namespace detail

/// e^x in fp32 to 1.03 ulp (measured over all floats), with gradual underflow to 0 and overflow to
/// infinity; NaN propagates. Range reduction x = n ln 2 + r with ln 2 in two parts, then a
/// polynomial on |r| <= ln(2) / 2.
template <int N>
pack<float, N> exp(pack<float, N> const& argument)
{
  using reals = pack<float, N>;
  typedef std::int32_t integers __attribute__((vector_size(N * 4)));
  reals const x = min(max(argument, reals(-104.0f)), reals(89.0f));
  reals const shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5 * 2^23 rounds to an integer
  reals const n = shifted - 12582912.0f;
  reals const r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  reals const p = (detail::exp_tail(r) * r * r + r) + 1.0f;
  // 2^n as two factors, so that neither leaves the normal range where the product is subnormal.
  // The integer n lies in the low bits of `shifted`; converting n would be undefined for NaN.
  integers const whole = __builtin_bit_cast(integers, shifted.lanes) - 0x4b400000;
  integers const half = whole >> 1;
  integers const first = (half + 127) << 23;
  integers const second = (whole - half + 127) << 23;
  return p * reals(__builtin_bit_cast(typename reals::vector, first)) *
         reals(__builtin_bit_cast(typename reals::vector, second));
}

/// e^x - 1 in fp32 to 1.29 ulp (measured over all floats), also as x -> 0; -1 and infinity at the
/// ends; NaN propagates. With x = n ln 2 + r and e^r = 1 + r + t it is (2^n - 1 + 2^n r) + 2^n t:
/// the first sum is exact where the result is smaller than its parts.
template <int N>
pack<float, N> expm1(pack<float, N> const& argument)
{
  using reals = pack<float, N>;
  typedef std::int32_t integers __attribute__((vector_size(N * 4)));
  reals const x = min(max(argument, reals(-20.0f)), reals(89.0f));
  reals const shifted = x * 1.44269504088896341f + 12582912.0f;  // as in exp
  reals const n = shifted - 12582912.0f;
  reals const high = x - n * 0.693359375f;
  reals const r = high + n * 2.12194440e-4f;
  reals const lost = (high - r) + n * 2.12194440e-4f;  // what rounding r dropped
  // Half of everything: 2^128 is no float.
  integers const whole = __builtin_bit_cast(integers, shifted.lanes) - 0x4b400000;
  integers const exponent = (whole + 126) << 23;
  reals const half = reals(__builtin_bit_cast(typename reals::vector, exponent));
  reals const t = detail::exp_tail(r) * r * r + lost;
  reals const y = ((half - 0.5f) + half * r) + half * t;
  // Halving would round subnormal numbers, and below 2^-25 e^x - 1 is x.
  return select((argument < reals(0x1p-25f)) && (argument > reals(-0x1p-25f)), argument, y + y);
}

namespace detail {

/// log(x) + tail for normal x > 0; `tail` is a correction far smaller than one.
template <int N>
pack<float, N> log_normal(pack<float, N> const& x, pack<float, N> const& tail)
{
  using reals = pack<float, N>;
  typedef std::uint32_t words __attribute__((vector_size(N * 4)));
  typedef std::int32_t integers __attribute__((vector_size(N * 4)));
  // x = 2^k m with sqrt(1/2) <= m < sqrt(2): the offset moves the cut between two exponents there.
  // Unsigned, because the bits of a negative x leave the range of int.
  words const bits = __builtin_bit_cast(words, x.lanes) - 0x3f3504f3u;
  integers const k = __builtin_bit_cast(integers, bits) >> 23;
  words const m = (bits & 0x007fffffu) + 0x3f3504f3u;
  reals const e = reals(__builtin_convertvector(k, typename reals::vector));
  reals const f = reals(__builtin_bit_cast(typename reals::vector, m)) - 1.0f;
  reals const z = f * f;
  reals p = f * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  return e * 0.693359375f + (f + ((p * f * z - z * 0.5f) + (tail - e * 2.12194440e-4f)));
}

}  // namespace detail

/// log(x) in fp32 to 1.01 ulp (measured over all floats); -infinity at 0, NaN below it and for NaN.
template <int N>
pack<float, N> log(pack<float, N> const& x)
{
  using reals = pack<float, N>;
  auto const subnormal = x < reals(std::numeric_limits<float>::min());
  reals const scaled = select(subnormal, x * 0x1p24f, x);
  reals const tail = select(subnormal, reals(-24 * 0.69314718056f), reals(0));
  reals const finite = detail::log_normal(scaled, reals(0)) + tail;
  reals const upper = select(x < reals(infinity_v<float>), finite, x);
  reals const lower = select(x > reals(0), upper, reals(-infinity_v<float>));
  return select(x >= reals(0), lower, reals(quiet_nan_v<float>));
}

/// log(1 + x) in fp32 to 0.9 ulp (measured over all floats), also as x -> 0; -infinity at -1, NaN
/// below it and for NaN.
template <int N>
pack<float, N> log1p(pack<float, N> const& x)
{
  using reals = pack<float, N>;
  reals const one_x = x + 1.0f;
  reals const lost = x - (one_x - 1.0f);  // what rounding 1 + x dropped
  reals const finite = detail::log_normal(one_x, lost / one_x);
  reals const upper = select(x < reals(infinity_v<float>), finite, x);
  reals const lower = select(x > reals(-1), upper, reals(-infinity_v<float>));
  return select(x >= reals(-1), lower, reals(quiet_nan_v<float>));
}

/// tanh(x) in fp32 to 2 ulp; NaN propagates. A polynomial in x^2 up to 0.625 (Cephes' tanhf), where
/// 1 - 2 / (e^2x + 1) would cancel.
template <int N>
pack<float, N> tanh(pack<float, N> const& x)
{
  using reals = pack<float, N>;
  auto const negative = x < reals(0);
  reals const size = select(negative, -x, x);
  reals const square = x * x;
  reals p = square * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * square - 5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square - 3.33332819422e-1f;
  reals const large = reals(1) - reals(2) / (exp(size + size) + 1.0f);
  return select(size < reals(0.625f), p * square * x + x, select(negative, -large, large));
}

// fp64 takes the C library's functions, lane by lane: references need their accuracy, not speed.
template <int N>
pack<double, N> exp(pack<double, N> const& x)
{
  return detail::each_lane(x, [](double v) { return std::exp(v); });
}
template <int N>
pack<double, N> expm1(pack<double, N> const& x)
{
  return detail::each_lane(x, [](double v) { return std::expm1(v); });
}
template <int N>
pack<double, N> log1p(pack<double, N> const& x)
{
  return detail::each_lane(x, [](double v) { return std::log1p(v); });
}
template <int N>
pack<double, N> tanh(pack<double, N> const& x)
{
  return detail::each_lane(x, [](double v) { return std::tanh(v); });
}
template <int N>
pack<double, N> log(pack<double, N> const& x)
{
  return detail::each_lane(x, [](double v) { return std::log(v); });
}

}  // namespace prefopt
