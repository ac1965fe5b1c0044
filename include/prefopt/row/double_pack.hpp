// SPDX-License-Identifier: MIT
#pragma once
/// \file  What rows of fp64 logits need of packs: loads in pairs, and e^x for probabilities.

#include <cstdint>
#include <type_traits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// The type of a pack's lanes.
template <class Reals>
using lane_type = std::remove_cvref_t<decltype(Reals{}.lanes[0])>;

/// Logits that are summed in `Real` in vector registers.
template <class Stored, class Real>
inline constexpr bool is_packable_in =
    std::is_same_v<Real, float> ? is_packable<Stored> : std::is_same_v<Stored, double>;

template <class Reals>
  requires std::is_same_v<lane_type<Reals>, double>
pack_pair<Reals> load_pair(double const* from)
{
  pack_pair<Reals> x;
  x.first.load(from);
  x.second.load(from + lanes_of<Reals>);
  return x;
}

/// e^lowest is the smallest power of e that is a normal number.
template <class Real>
inline constexpr Real lowest_exponent_of = Real(lowest_exponent);
template <>
inline constexpr double lowest_exponent_of<double> = -708.0;

/// e^d for d in [-708, 709] with a relative error of 5e-16; as in fp32, with ln 2 in two parts and
/// Taylor's polynomial up to r^12, which leaves 1.7e-16.
template <int N>
pack<double, N> exp_in_range(pack<double, N> const& d)
{
  using reals = pack<double, N>;
  typedef std::int64_t integers __attribute__((vector_size(N * 8)));
  reals const large(0x1.8p52);
  reals const shifted = mul_add(d, reals(1.44269504088896340736), large);
  reals const n = shifted - large;
  reals const high = mul_add(n, reals(-0x1.62e42feep-1), d);
  reals const r = mul_add(n, reals(-0x1.a39ef35793c76p-33), high);
  reals p = mul_add(r, reals(1.0 / 479001600), reals(1.0 / 39916800));
  p = mul_add(p, r, reals(1.0 / 3628800));
  p = mul_add(p, r, reals(1.0 / 362880));
  p = mul_add(p, r, reals(1.0 / 40320));
  p = mul_add(p, r, reals(1.0 / 5040));
  p = mul_add(p, r, reals(1.0 / 720));
  p = mul_add(p, r, reals(1.0 / 120));
  p = mul_add(p, r, reals(1.0 / 24));
  p = mul_add(p, r, reals(1.0 / 6));
  p = mul_add(p, r, reals(0.5));
  p = mul_add(p, r, reals(1.0));
  p = mul_add(p, r, reals(1.0));
  integers const power = __builtin_bit_cast(integers, shifted.lanes) << 52;
  integers const bits = __builtin_bit_cast(integers, p.lanes) + power;
  return {__builtin_bit_cast(typename reals::vector, bits)};
}

/// 0 instead of a subnormal number; NaN propagates.
template <int N>
pack<double, N> probability(pack<double, N> const& log_p)
{
  using reals = pack<double, N>;
  reals const lowest(lowest_exponent_of<double>);
  reals const p = exp_in_range(max(log_p, lowest));
  return select(log_p >= lowest, p, select(log_p < lowest, reals(0.0), log_p));
}

/// The gradient of a row; `out` may be `in`.
template <class Reals, class Gradient>
void contiguous_gradient_as_is(double const* in, double* out, index_t size, Gradient const& row)
{
  constexpr index_t lanes = lanes_of<Reals>;
  index_t const whole = size / lanes * lanes;
  Gradient const gradient = row;
  index_t const target = gradient.target;
  bool const holds_target = target >= 0 && target < size;  // or another shard does
  // Before an in-place store replaces the logit.
  double const at_target = holds_target ? gradient(in[target], target) : 0;
  Reals x;
  for (index_t j = 0; j < whole; j += lanes) {
    prefetch(in + j, lanes * static_cast<index_t>(sizeof(double)));
    x.load(in + j);
    gradient.elsewhere(x).store(out + j);
  }
  if (whole < size) {
    x.load(in + whole, 1, size - whole);
    gradient.elsewhere(x).store(out + whole, 1, size - whole);
  }
  if (holds_target) { out[target] = at_target; }
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
