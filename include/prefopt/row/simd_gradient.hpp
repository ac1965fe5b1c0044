// SPDX-License-Identifier: MIT
#pragma once
/// \file  The gradient of a contiguous row of logits, a vector register at a time.

#include <cmath>
#include <cstdint>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// `logit_gradient::elsewhere` on packs, where the known logit is finite and its log-probability
/// neither NaN nor +inf: then a masked logit has a probability too small for fp32 as others have,
/// and one comparison finds both.
template <class Reals, class Out, class Map>
struct simd_logit_gradient {
  logit_gradient<float, Out, Map> row;
  Reals logit;
  Reals log_prob;
  Reals lowest;  ///< distance to the known logit below which a probability is 0
  float d_p;

  explicit simd_logit_gradient(logit_gradient<float, Out, Map> const& of)
      : row(of), logit(of.known.logit), log_prob(of.known.log_prob), d_p(of.d_probability())
  {
    // Rounded up, so that what is not below it is in the exponential's range.
    float bound = lowest_exponent - of.known.log_prob;
    if (bound + of.known.log_prob < lowest_exponent) {
      bound = std::nextafter(bound, infinity_v<float>);
    }
    // The one NaN that the packs' rounding to bf16 leaves NaN, whatever the seeds' was.
    float const constant = d_p - of.seeds.d_entropy * of.row.entropy;
    if (constant != constant) {
      d_p = quiet_nan_v<float>;
      row.seeds.d_entropy = row.row.entropy = 0;
    }
    lowest = Reals(bound);
  }

  Reals operator()(Reals const& raw) const
  {
    Reals const distance = Reals(row.map.scale) * (row.map(raw) - logit);
    // The maximum also keeps compilers from fusing product and sum: a log-normaliser was rounded
    // after the product.
    Reals const log_p = max(distance, lowest) + log_prob;
    Reals const gradient = row.share(exp_in_range(log_p), log_p, d_p) * row.map.slope(raw);
    return select(distance < lowest, Reals(0.0f), gradient);
  }
};

/// Elements from `to` up to the next multiple of 64 bytes, at most `size`.
template <class Stored>
index_t up_to_cache_line(Stored const* to, index_t size)
{
  auto const past = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(to) % 64);
  return min(past == 0 ? index_t(0) : (64 - past) / static_cast<index_t>(sizeof(Stored)), size);
}

/// `from` may be `to`; with `Streaming` it may not, and the row goes past the caches:
/// `finish_streaming()` after the last.
template <class Reals, bool Streaming, class In, class Out, class Map>
void contiguous_logit_gradient(In const* in, Out* out, index_t size,
                               logit_gradient<float, Out, Map> const& row)
{
  index_t const target = row.target;
  bool const holds_target = target >= 0 && target < size;  // no: another part of the row does
  // Before an in-place store replaces the logit.
  Out const at_target = holds_target ? row(in[target], target) : from_real<Out>(0.0f);
  constexpr index_t pair = pack_pair<Reals>::size;
  simd_logit_gradient<Reals, Out, Map> const gradient(row);
  auto const of_pair = [gradient](In const* from) {
    prefetch(from, pair * static_cast<index_t>(sizeof(In)));
    pack_pair<Reals> const x = load_pair<Reals>(from);
    return pack_pair<Reals>{gradient(x.first), gradient(x.second)};
  };
  auto const part = [of_pair](In const* from, Out* to, index_t count) {
    padded_tail<Reals, In> const x(from, count);
    Out result[pair];
    store_pair<Reals>(result, of_pair(x.at));
    for (index_t k = 0; k < count; ++k) { to[k] = result[k]; }
  };
  index_t j = 0;
  if constexpr (Streaming) {
    for (index_t const head = up_to_cache_line(out, size); j < head;) {
      index_t const count = min(pair, head - j);
      part(in + j, out + j, count);
      j += count;
    }
    for (; j + pair <= size; j += pair) { stream_pair<Reals>(out + j, of_pair(in + j)); }
  } else {
    for (; j + pair <= size; j += pair) { store_pair<Reals>(out + j, of_pair(in + j)); }
  }
  if (j < size) { part(in + j, out + j, size - j); }
  if (holds_target) { out[target] = at_target; }
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
