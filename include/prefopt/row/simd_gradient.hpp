// SPDX-License-Identifier: MIT
#pragma once
/// \file  The gradient of a contiguous row of logits, a vector register at a time.

#include <cmath>
#include <cstdint>
#include <type_traits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// How gradients are rounded: beside the error of their e^x, bf16 has no exact half way cases.
template <class Out>
inline constexpr ties ties_of =
    half_format_of<Out> == half_format::bfloat16 ? ties::away : ties::to_even;

/// The numbers of a row that `simd_logit_gradient` works with.
struct simd_gradient_row {
  float origin;
  double factor;
  double d_probability;
  float d_entropy;

  template <class Gradient>
  explicit simd_gradient_row(Gradient const& of)
      : origin(of.known.logit - of.known.log_prob / of.map.scale),
        d_entropy(of.seeds.d_entropy),
        log_normalizer_(of.known.logit == 0 ? abs(of.known.log_prob) : 0.0f)
  {
    double const moved = static_cast<double>(origin) - static_cast<double>(of.known.logit);
    rest_ = static_cast<double>(of.map.scale) * moved + static_cast<double>(of.known.log_prob);
    factor = std::exp(rest_);
    d_probability = static_cast<double>(of.d_probability()) -
                    static_cast<double>(d_entropy) * (static_cast<double>(of.row.entropy) + rest_);
  }

  /// Not where something is NaN, the row is masked, or logits are too large for their distance to
  /// the origin: whoever has such rows can wait. An origin whose rounding leaves a nat or more is
  /// one of scaled logits about 2^24, and e^rest would no longer be a small correction. Where all
  /// refers to a log-normaliser, that was rounded; beyond 64 nats by more than 2e-6, which the
  /// largest logit's own product, rounded alike, takes back.
  bool is_usual() const
  {
    double const huge = 1e30;  // times a log p of at most 88, and times p: no overflow in fp32
    return abs(rest_) < 1 && abs(d_probability) < huge &&
           abs(d_entropy) < static_cast<float>(huge) && log_normalizer_ <= 64;
  }

 private:
  double rest_;
  float log_normalizer_;
};

/// `logit_gradient::elsewhere` on packs: p_j (d_p - d_entropy (log p_j + H)) y'(x_j).
///
/// Of log p_j = scale (u_j - u) + log p of the known logit u, all that does not depend on j goes
/// into constants of the row: log p_j = scale (u_j - origin) + rest, where the origin is
/// u - (log p) / scale rounded, and what rounding it left becomes a factor e^rest. `HasEntropy` is
/// d_entropy != 0; without it d_p is part of that factor. Gradients in bf16 take a shorter e^x.
template <class Reals, class Out, class Map, bool HasEntropy>
class simd_logit_gradient {
  static constexpr bool is_bfloat16 = half_format_of<Out> == half_format::bfloat16;
  using exponential =
      scaled_exp<Reals, std::conditional_t<is_bfloat16, exp_for_bfloat16, exp_for_fp32>>;

 public:
  explicit simd_logit_gradient(simd_gradient_row const& row, Map const& map)
      : map_(map),
        origin_(row.origin),
        lowest_(lowest()),
        exp_(HasEntropy ? row.factor : row.factor * row.d_probability),
        d_probability_(static_cast<float>(row.d_probability)),
        minus_d_entropy_(-row.d_entropy)
  {
  }

  abreast<Reals> operator()(abreast<Reals> const& raw) const
  {
    auto const distance = [this](Reals const& x) {
      return max(Reals(map_.scale) * (map_(x) - origin_), lowest_);
    };
    auto const d = each(distance, raw);
    auto gradient = exp_(d);
    if constexpr (HasEntropy) {
      auto const share = [this](Reals const& p, Reals const& x) {
        return p * mul_add(x, minus_d_entropy_, d_probability_);
      };
      gradient = each(share, gradient, d);
    }
    auto const chained = [this](Reals const& y, Reals const& x) { return y * map_.slope(x); };
    return each(chained, gradient, raw);
  }

 private:
  /// Where the compiler knows this number, gcc makes two instructions of the maximum with it.
  static float lowest()
  {
    float const volatile unknown = exponential::lowest;
    return unknown;
  }

  Map map_;
  Reals origin_;
  Reals lowest_;
  exponential exp_;
  Reals d_probability_;
  Reals minus_d_entropy_;
};

/// Elements from `to` up to the next multiple of 64 bytes, at most `size`.
template <class Stored>
index_t up_to_cache_line(Stored const* to, index_t size)
{
  auto const past = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(to) % 64);
  return min(past == 0 ? index_t(0) : (64 - past) / static_cast<index_t>(sizeof(Stored)), size);
}

/// The gradient of a row, all elements as those that are not the target.
template <class Reals, bool HasEntropy, class In, class Out, class Map>
void contiguous_gradient_elsewhere(In const* in, Out* out, index_t size,
                                   simd_gradient_row const& row, Map const& map, bool streams)
{
  constexpr index_t pair = pack_pair<Reals>::size;
  constexpr index_t step = 2 * pair;
  simd_logit_gradient<Reals, Out, Map, HasEntropy> const gradient(row, map);
  auto const of_step = [gradient](In const* from) {
    prefetch(from, step * static_cast<index_t>(sizeof(In)));
    pack_pair<Reals> const x = load_pair<Reals>(from);
    pack_pair<Reals> const y = load_pair<Reals>(from + pair);
    return gradient({x.first, x.second, y.first, y.second});
  };
  index_t const head = streams ? up_to_cache_line(out, size) : 0;
  index_t const whole = head + (size - head) / step * step;
  for (index_t j = head; j < whole; j += step) {
    auto const d = of_step(in + j);
    if (streams) {
      stream_pair<Reals, ties_of<Out>>(out + j, {d.first, d.second});
      stream_pair<Reals, ties_of<Out>>(out + j + pair, {d.third, d.fourth});
    } else {
      store_pair<Reals, ties_of<Out>>(out + j, {d.first, d.second});
      store_pair<Reals, ties_of<Out>>(out + j + pair, {d.third, d.fourth});
    }
  }
  for (index_t j = head > 0 ? 0 : whole; j < size;) {
    index_t const count = min(step, (j < head ? head : size) - j);
    padded_tail<Reals, In, step> const x(in + j, count);
    auto const d = of_step(x.at);
    Out result[step];
    store_pair<Reals, ties_of<Out>>(result, {d.first, d.second});
    store_pair<Reals, ties_of<Out>>(result + pair, {d.third, d.fourth});
    for (index_t k = 0; k < count; ++k) { out[j + k] = result[k]; }
    j += count;
    if (j == head) { j = whole; }
  }
}

/// The gradient of a row, or false where the row is not usual. `out` may be `in`; not if it
/// `streams`, that is, goes past the caches: `finish_streaming()` after the last.
template <class Reals, class In, class Out, class Map>
bool contiguous_logit_gradient(In const* in, Out* out, index_t size,
                               logit_gradient<float, Out> const& gradient, Map const& map,
                               bool streams)
{
  simd_gradient_row const row(gradient);
  if (!row.is_usual()) { return false; }
  index_t const target = gradient.target;
  bool const holds_target = target >= 0 && target < size;  // or another shard does
  // Before an in-place store replaces the logit.
  Out const at_target = holds_target ? gradient(in[target], target) : Out{};
  if (row.d_entropy != 0) {
    contiguous_gradient_elsewhere<Reals, true>(in, out, size, row, map, streams);
  } else {
    contiguous_gradient_elsewhere<Reals, false>(in, out, size, row, map, streams);
  }
  if (holds_target) { out[target] = at_target; }
  return true;
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
