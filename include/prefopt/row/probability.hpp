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

/// Coefficients of e^r for |r| <= ln(2) / 2, the constant first: our minimax fits, with relative
/// errors of 1.0e-7 and 2.6e-6, the latter a thousandth of half an ulp of bf16.
struct exp_for_fp32 {
  static constexpr float coefficients[] = {
      1.0f, 9.999997072e-1f, 4.999914952e-1f, 1.666763620e-1f, 4.189793165e-2f, 8.290315698e-3f};
};
struct exp_for_bfloat16 {
  static constexpr float coefficients[] = {9.999992614e-1f, 9.999634048e-1f, 5.000435866e-1f,
                                           1.679090726e-1f, 4.145860810e-2f};
};

/// Four values whose instructions take turns. One after the other, each chain of instructions fills
/// the processor's queue with what waits for its own start, and little runs side by side.
template <class Value>
struct abreast {
  Value first;
  Value second;
  Value third;
  Value fourth;
};

template <class Function, class... Value>
auto each(Function const& f, abreast<Value> const&... x)
{
  return abreast<decltype(f(x.first...))>{f(x.first...), f(x.second...), f(x.third...),
                                          f(x.fourth...)};
}

/// d = n ln 2 + rest with the integer n nearest to d / ln 2, which the rounding of a large addition
/// finds: the low bits of `shifted` hold n + `Offset`.
template <class Reals, int Offset>
struct reduced_exponent {
  Reals shifted;
  Reals rest;

  static reduced_exponent of(Reals const& d)
  {
    Reals const large(12582912.0f + static_cast<float>(Offset));  // 1.5 * 2^23: ulp 1
    Reals const shifted = mul_add(d, Reals(1.44269504088896341f), large);
    Reals const n = shifted - large;
    return {shifted, mul_add(n, Reals(-0.693147180559945309f), d)};
  }

  /// The low bits of `shifted` where an fp32 number has its exponent.
  pack_bits<Reals> exponent() const { return as_bits(shifted).lanes << 23; }
};

/// e^d for d in [lowest_exponent, 88] with a relative error of 4e-7 (measured with -O2
/// -march=native), or, where the compiler has no fused multiply-add, of 1.3e-6 from -30 on and 5e-6
/// below (-O2 for x86-64); test_row_stats.cpp holds it. Outside, and for NaN, the result is some
/// number.
template <class Reals>
Reals exp_in_range(Reals const& d)
{
  auto const& c = exp_for_fp32::coefficients;
  auto const reduced = reduced_exponent<Reals, 0>::of(d);
  Reals const& r = reduced.rest;
  Reals p = mul_add(r, Reals(c[5]), Reals(c[4]));
  p = mul_add(p, r, Reals(c[3]));
  p = mul_add(p, r, Reals(c[2]));
  p = mul_add(p, r, Reals(c[1]));
  p = mul_add(p, r, Reals(c[0]));
  return as_reals<Reals>(as_bits(p).lanes + reduced.exponent().lanes);
}

/// factor e^d for d in [lowest, 88], `Coefficients` being one of the above. The factor lies in
/// them, and 2^n is a factor too, which is 0 for n = -127: so is the result at `lowest`, where
/// `exp_in_range` would need a selection. From there to -87.3 it is subnormal or 0. NaN propagates.
template <class Reals, class Coefficients>
struct scaled_exp {
  static constexpr float lowest = -88.1f;
  static constexpr int degree = sizeof Coefficients::coefficients / sizeof(float) - 1;

  Reals coefficients[degree + 1];

  explicit scaled_exp(double factor)
  {
    for (int k = 0; k <= degree; ++k) {
      coefficients[k] =
          Reals(static_cast<float>(factor * static_cast<double>(Coefficients::coefficients[k])));
    }
  }

  abreast<Reals> operator()(abreast<Reals> const& d) const
  {
    auto const reduced = each([](auto const& x) { return reduced_exponent<Reals, 127>::of(x); }, d);
    auto const scaled = [](Reals const& p, auto const& n) {
      return p * as_reals<Reals>(n.exponent().lanes);
    };
    return each(scaled, sum_from<0>(reduced), reduced);
  }

 private:
  /// c_K + r (c_{K + 1} + r (...)).
  template <int K, class Reduced>
  abreast<Reals> sum_from(Reduced const& reduced) const
  {
    Reals const c = coefficients[K];
    if constexpr (K == degree) {
      return {c, c, c, c};
    } else {
      auto const step = [c](Reals const& sum, auto const& x) { return mul_add(sum, x.rest, c); };
      return each(step, sum_from<K + 1>(reduced), reduced);
    }
  }
};

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
