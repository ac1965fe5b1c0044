// SPDX-License-Identifier: MIT
#pragma once
/// \file  The host's executor: one lane that works in vector registers where it can.

#include <algorithm>
#include <type_traits>

#include <prefopt/row/executor.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/simd_stats.hpp>

namespace prefopt {
namespace detail {

template <class Reals, class Map, class Stored>
logit_stats<float> contiguous_logit_stats(Map map, Stored const* row, index_t size)
{
  using wide_stats = simd_logit_stats<Reals, Map, Stored>;
  constexpr index_t tile = wide_stats::largest_tile;
  // The end of the row is padded with masked logits: a scalar tail costs more than whole tiles.
  index_t const whole = size / wide_stats::step * wide_stats::step;
  Stored padded[wide_stats::step];
  std::fill_n(padded, wide_stats::step, from_real<Stored>(-infinity_v<float>));
  std::copy(row + whole, row + size, padded);

  wide_stats stats(map, whole > 0 ? row : padded,
                   std::max(std::min(tile, whole), wide_stats::step));
  for (index_t j = 0; j < whole; j += tile) { stats.push_tile(row + j, std::min(tile, whole - j)); }
  if (whole < size) { stats.push_tile(padded, wide_stats::step); }
  return stats.result();
}

/// `gradient` comes by value, so that stores to `out` cannot be taken for changes of it.
template <class Reals, class In, class Out, class Map>
void contiguous_logit_gradient(In const* in, Out* out, index_t size,
                               logit_gradient<float, Out, Map> const gradient)
{
  index_t const target = gradient.target;
  bool const holds_target = target < size;  // no: another vocabulary shard does
  // Before an in-place store replaces the logit.
  Out const at_target = holds_target ? gradient(in[target], target) : from_real<Out>(0.0f);
  constexpr index_t pair = pack_pair<Reals>::size;
  index_t const whole = size / pair * pair;
  auto const step = [gradient](In const* from, Out* to) {
    pack_pair<Reals> const x = load_pair<Reals>(from);
    store_pair<Reals>(to, {gradient.elsewhere(x.first), gradient.elsewhere(x.second)});
  };
  for (index_t j = 0; j < whole; j += pair) { step(in + j, out + j); }
  if (whole < size) {
    In padded[pair];
    Out result[pair];
    std::fill_n(padded, pair, from_real<In>(-infinity_v<float>));
    std::copy(in + whole, in + size, padded);
    step(padded, result);
    std::copy(result, result + (size - whole), out + whole);
  }
  if (holds_target) { out[target] = at_target; }
}

}  // namespace detail

/// Computes contiguous rows of fp32, bf16 and fp16 logits with fp32 sums in vector registers, in
/// one pass over memory; everything else (fp64 sums, strided rows, gradients of
/// another width than their logits, other algorithms) as
/// `serial_executor` does. log_prob and entropy err by less than 2e-6 plus their own rounding.
template <class Reals>
struct simd_executor : serial_executor {
  using serial_executor::reduce;
  using serial_executor::transform;

  template <class Stored>
    requires(detail::is_packable<std::remove_const_t<Stored>>)
  logit_stats<float> reduce(vector_view<Stored> in, logit_stats<float> total,
                            detail::push_logit<float> push) const
  {
    if (in.stride != 1) { return serial_executor::reduce(in, total, push); }
    total.merge(push.map.visit([&in](auto const& map) {
      return detail::contiguous_logit_stats<Reals>(map, in.data, in.extent);
    }));
    return total;
  }

  template <class In, class Out>
    requires(detail::is_packable<std::remove_const_t<In>> && detail::is_packable<Out> &&
             sizeof(In) == sizeof(Out))
  void transform(vector_view<In> in, vector_view<Out> out,
                 detail::logit_gradient<float, Out> gradient) const
  {
    if (in.stride != 1 || out.stride != 1) {
      serial_executor::transform(in, out, gradient);
    } else {
      gradient.map.visit([&](auto const& map) {
        using specific = detail::logit_gradient<float, Out, std::remove_cvref_t<decltype(map)>>;
        detail::contiguous_logit_gradient<Reals, std::remove_const_t<In>>(
            in.data, out.data, in.extent,
            specific{map, gradient.target, gradient.row, gradient.seeds, gradient.known});
      });
    }
  }
};

/// The fastest executor that this translation unit can hold; a template argument of the functions
/// that use it, so that files compiled for different targets never share a name.
using host_executor =
    std::conditional_t<has_packs, simd_executor<native_pack<float>>, serial_executor>;

static_assert(check_row_executor<host_executor, logit_stats<float>>());

}  // namespace prefopt
