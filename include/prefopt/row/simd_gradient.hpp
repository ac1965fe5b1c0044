// SPDX-License-Identifier: MIT
#pragma once
/// \file  The gradient of a contiguous row of logits, a vector register at a time.

#include <cmath>
#include <type_traits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/gradient_steps.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

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

/// The gradient of a row, or false where the row is not usual. `out` may be `in`; not if it
/// `streams`, that is, goes past the caches: `finish_streaming()` after the last.
template <class Reals, class In, class Out, class Map>
bool contiguous_logit_gradient(In const* in, Out* out, index_t size,
                               logit_gradient<float, Out> const& gradient, Map const& map,
                               bool streams)
{
  simd_gradient_row const row(gradient);
  if (!row.is_usual()) { return false; }
  index_t const at = gradient.target;
  bool const holds_target = at >= 0 && at < size;  // or another shard does
  // Before an in-place store replaces the logit.
  target_element<Out> const target{at, holds_target ? gradient(in[at], at) : Out{}};
  auto const write = [&]<class Gradient>(Gradient const& of_logits) {
    using steps = row_gradient_steps<Reals, Gradient, In, Out>;
    steps const of_row{in, out, size, target, of_logits};
    if (streams && size >= 4 * steps::step) {
      of_row.stream();
    } else {
      of_row.store();
    }
  };
  if (row.d_entropy != 0) {
    write(simd_logit_gradient<Reals, Out, Map, true>(row, map));
  } else {
    write(simd_logit_gradient<Reals, Out, Map, false>(row, map));
  }
  return true;
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
