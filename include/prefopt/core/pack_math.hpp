// SPDX-License-Identifier: MIT
#pragma once
/// \file  Elementary functions of packs: of ours in fp32, the C library's in fp64. Host code only.

#include <cmath>
#include <cstdint>
#include <limits>

#include <prefopt/core/math.hpp>
#include <prefopt/core/pack.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

namespace detail {

// Polynomials are summed in halves rather than along Horner's chain: a loop over packs waits for
// the longest chain.

/// (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2, z = r^2.
template <int N>
pack<float, N> exp_tail(pack<float, N> const& r, pack<float, N> const& z)
{
  pack<float, N> const low = r * 1.6666665459e-1f + 5.0000001201e-1f;
  pack<float, N> const middle = r * 8.3334519073e-3f + 4.1665795894e-2f;
  pack<float, N> const high = r * 1.9875691500e-4f + 1.3981999507e-3f;
  return (high * z + middle) * z + low;
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
  reals const z = r * r;
  reals const p = (detail::exp_tail(r, z) * z + r) + 1.0f;
  // 2^n as two factors, so that neither leaves the normal range where the product is subnormal.
  // The integer n lies in the low bits of `shifted`; converting n would be undefined for NaN.
  integers const whole = __builtin_bit_cast(integers, shifted.lanes) - 0x4b400000;
  integers const half = whole >> 1;
  integers const first = (half + 127) << 23;
  integers const second = (whole - half + 127) << 23;
  return p * reals(__builtin_bit_cast(typename reals::vector, first)) *
         reals(__builtin_bit_cast(typename reals::vector, second));
}

/// e^x in fp32 for x <= 0 to 1.03 ulp, as `exp` but with one scaling: 2^(n + 64) cannot overflow,
/// and multiplying by 2^-64 rounds once where the result is subnormal.
template <int N>
pack<float, N> exp_not_positive(pack<float, N> const& x)
{
  using reals = pack<float, N>;
  typedef std::int32_t integers __attribute__((vector_size(N * 4)));
  reals const shifted = x * 1.44269504088896341f + 12582912.0f;  // as in exp
  reals const n = shifted - 12582912.0f;
  reals const r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  reals const z = r * r;
  reals const p = detail::exp_tail(r, z) * z + r;  // e^r - 1
  integers const exponent = (__builtin_bit_cast(integers, shifted.lanes) + (64 + 127)) << 23;
  reals const power = __builtin_bit_cast(typename reals::vector, exponent);
  // Garbage below -104. Seen to last: a loop over packs waits for every step of a chain.
  return select(x < reals(-104.0f), reals(0), (p * power + power) * 0x1p-64f);
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
  reals const z = r * r;
  reals const t = detail::exp_tail(r, z) * z + lost;
  reals const y = ((half - 0.5f) + half * r) + half * t;
  // Halving would round subnormal numbers, and below 2^-25 e^x - 1 is x.
  return select((argument < reals(0x1p-25f)) && (argument > reals(-0x1p-25f)), argument, y + y);
}

namespace detail {

/// log(1 + f) - f for sqrt(1/2) - 1 <= f <= sqrt(2) - 1.
template <int N>
pack<float, N> log1p_tail(pack<float, N> const& f)
{
  using reals = pack<float, N>;
  reals const z = f * f;
  reals const w = z * z;
  reals const p0 = f * -2.4999993993e-1f + 3.3333331174e-1f;
  reals const p2 = f * -1.6668057665e-1f + 2.0000714765e-1f;
  reals const p4 = f * -1.2420140846e-1f + 1.4249322787e-1f;
  reals const p6 = f * -1.1514610310e-1f + 1.1676998740e-1f;
  reals const high = w * 7.0376836292e-2f + (p6 * z + p4);
  return (high * w + (p2 * z + p0)) * (f * z) - z * 0.5f;
}

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
  return e * 0.693359375f + (f + (log1p_tail(f) + (tail - e * 2.12194440e-4f)));
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

/// log(1 + x) in fp32 for x in [0, 1] to 1.32 ulp (1.06 with fused multiply-add); NaN propagates.
/// With s = x / (2 + x) it is 2 artanh(s) = x - s (x - s^2 Q(s^2)): s only corrects x, so its
/// rounding hardly shows. Q is our minimax fit, with 5e-9 of the whole.
template <int N>
pack<float, N> log1p_of_fraction(pack<float, N> const& x)
{
  using reals = pack<float, N>;
  reals const s = x / (x + 2.0f);
  reals const z = s * s + 0x1p-60f;  // as good as s^2, and its powers are not subnormal
  reals const w = z * z;
  reals const q =
      (z * 2.8011993702e-1f + 2.8001803583e-1f) * w + (z * 4.0021527370e-1f + 6.6666416283e-1f);
  return x - s * (x - z * q);
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

namespace detail {

template <class T, int N, class Function>
pack<T, N> each_lane(pack<T, N> x, Function f)
{
  for (int i = 0; i < N; ++i) { x.lanes[i] = f(x.lanes[i]); }
  return x;
}

}  // namespace detail

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
PREFOPT_INLINED_END
