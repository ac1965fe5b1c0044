// SPDX-License-Identifier: MIT
#pragma once
/// \file  e^x for probabilities, which needs fewer steps than a general e^x.

#include <cmath>
#include <cstdint>

#include <prefopt/core/pack.hpp>
#include <prefopt/core/pack_math.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// The lanes of an fp32 pack as unsigned integers. No plain vector, as packs are none.
template <class Reals>
struct pack_bits {
  typedef std::uint32_t vector __attribute__((vector_size(sizeof(Reals))));

  vector lanes;

  pack_bits(vector const& v) : lanes(v) {}
  pack_bits(pack_bits const& other) : lanes(other.lanes) {}
  pack_bits& operator=(pack_bits const&) = delete;
};

template <class Reals>
Reals as_reals(typename pack_bits<Reals>::vector const& bits)
{
  return {__builtin_bit_cast(typename Reals::vector, bits)};
}
template <class Reals>
pack_bits<Reals> as_bits(Reals const& x)
{
  return __builtin_bit_cast(typename pack_bits<Reals>::vector, x.lanes);
}

/// e^lowest_exponent is the smallest power of e that is a normal fp32 number.
inline constexpr float lowest_exponent = -87.0f;

/// e^d for d in [lowest_exponent, 88] with a relative error of 4e-7 (measured with -O2
/// -march=native), or, where the compiler has no fused multiply-add, of 1.3e-6 from -30 on and 5e-6
/// below (-O2 for x86-64); test_row_stats.cpp holds it. Outside, and for NaN, the result is some
/// number. The rounding of a large addition finds the integer n nearest to d / ln 2, which goes
/// into the exponent; d - n ln 2 goes into a polynomial.
template <class Reals>
Reals exp_in_range(Reals const& d)
{
  Reals const large(12582912.0f);  // 1.5 * 2^23: ulp 1
  Reals const shifted = mul_add(d, Reals(1.44269504088896341f), large);
  Reals const n = shifted - large;
  Reals const r = mul_add(n, Reals(-0.693147180559945309f), d);
  Reals p = mul_add(r, Reals(8.290315698e-3f), Reals(4.189793165e-2f));
  p = mul_add(p, r, Reals(1.666763620e-1f));
  p = mul_add(p, r, Reals(4.999914952e-1f));
  p = mul_add(p, r, Reals(9.999997072e-1f));
  p = mul_add(p, r, Reals(1.0f));
  return as_reals<Reals>(as_bits(p).lanes + (as_bits(shifted).lanes << 23));
}

/// e^log_p for a log-probability, at most a little above 0.
template <class Real>
  requires std::is_floating_point_v<Real>
PREFOPT_HD Real probability(Real log_p)
{
  using std::exp;
  return exp(log_p);
}

/// 0 instead of a subnormal number; NaN propagates.
template <int N>
pack<float, N> probability(pack<float, N> const& log_p)
{
  using reals = pack<float, N>;
  reals const p = exp_in_range(max(log_p, reals(lowest_exponent)));
  return select(log_p >= reals(lowest_exponent), p,
                select(log_p < reals(lowest_exponent), reals(0), log_p));
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
