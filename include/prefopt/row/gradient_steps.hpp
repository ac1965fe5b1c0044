// SPDX-License-Identifier: MIT
#pragma once
/// \file  How the gradient of a contiguous row is written: a few registers at a time, into the
/// caches or past them.

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// How gradients are rounded: beside the error of their e^x, bf16 has no exact half way cases.
template <class Out>
inline constexpr ties ties_of =
    half_format_of<Out> == half_format::bfloat16 ? ties::away : ties::to_even;

/// Elements from `to` up to the next multiple of 64 bytes, at most `size`.
template <class Stored>
index_t up_to_cache_line(Stored const* to, index_t size)
{
  auto const past = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(to) % 64);
  return min(past == 0 ? index_t(0) : (64 - past) / static_cast<index_t>(sizeof(Stored)), size);
}

/// The element of a row that is its target, which is not as the others; no index of the row where
/// another shard holds it.
template <class Out>
struct target_element {
  index_t at;
  Out gradient;

  bool is_within(index_t first, index_t count) const { return at >= first && at - first < count; }
  void write(Out* out, index_t first, index_t count) const
  {
    if (is_within(first, count)) { out[at - first] = gradient; }
  }
};

/// Writes the gradient of a row, a step at a time.
template <class Reals, class Gradient, class In, class Out>
struct row_gradient_steps {
  static constexpr index_t pair = pack_pair<Reals>::size;
  static constexpr index_t step = 2 * pair;
  /// What is streamed ends where a line of the cache ends, and a pair.
  static constexpr index_t line = max(pair, index_t{64} / index_t{sizeof(Out)});

  In const* in;
  Out* out;
  index_t size;
  target_element<Out> target;
  Gradient gradient;

  /// `out` may be `in`.
  void store() const
  {
    if (size < step) {
      padded_tail<Reals, In, step> const x(in, size);
      Out result[step];
      store_step(result, of_pairs(x.at, x.at + pair));
      copy(out, result, size);
    } else {
      index_t j = 0;
      for (; j < size - 2 * step; j += step) { store_step(out + j, of_step(j)); }
      // The last two steps may overlap: both are read before either is written.
      auto const d = of_step(j);
      auto const last = of_step(size - step);
      store_step(out + j, d);
      store_step(out + size - step, last);
    }
    target.write(out, 0, size);
  }

  /// Past the caches, but for what is no whole line at both ends: half written lines would be
  /// fetched from memory first. So would that of the target, if it came after the others.
  void stream() const
  {
    index_t const head = up_to_cache_line(out, size);
    index_t const end = size - (size - head) % line;
    index_t j = head;
    for (; j + step <= end; j += step) { stream_step<0>(j); }
    if (j < end) { stream_step<pair>(j - pair); }
    for (index_t k = 0; k < max(head, size - end); k += pair) {
      Out ends[step];
      store_step(ends, of_pairs(in + k, in + size - pair - k));
      copy(out + k, ends, min(head - k, pair));
      index_t const last = max(min(size - end - k, pair), index_t(0));
      copy(out + size - k - last, ends + step - last, last);
    }
    target.write(out, 0, head);
    target.write(out + end, end, size - end);
  }

 private:
  abreast<Reals> of_pairs(In const* first, In const* second) const
  {
    pack_pair<Reals> const x = load_pair<Reals>(first);
    pack_pair<Reals> const y = load_pair<Reals>(second);
    return gradient({x.first, x.second, y.first, y.second});
  }
  abreast<Reals> of_step(index_t j) const
  {
    prefetch(in + j, step * index_t{sizeof(In)});
    return of_pairs(in + j, in + j + pair);
  }
  static void store_step(Out* to, abreast<Reals> const& d)
  {
    store_pair<Reals, ties_of<Out>>(to, {d.first, d.second});
    store_pair<Reals, ties_of<Out>>(to + pair, {d.third, d.fourth});
  }
  /// The elements of a step from its first or its second pair on.
  template <index_t From>
  void stream_step(index_t j) const
  {
    constexpr ties rounding = ties_of<Out>;
    auto const d = of_step(j);
    if (target.is_within(j, step)) {
      index_t const at = target.at - j;
      if (From == 0) {
        stream_pair_with<Reals, rounding>(out + j, {d.first, d.second}, at, target.gradient);
      }
      stream_pair_with<Reals, rounding>(out + j + pair, {d.third, d.fourth}, at - pair,
                                        target.gradient);
    } else {
      if (From == 0) { stream_pair<Reals, rounding>(out + j, {d.first, d.second}); }
      stream_pair<Reals, rounding>(out + j + pair, {d.third, d.fourth});
    }
  }
  /// Nothing where `count` is negative.
  static void copy(Out* to, Out const* from, index_t count)
  {
    if (count > 0) {
      std::memcpy(static_cast<void*>(to), from, static_cast<std::size_t>(count) * sizeof(Out));
    }
  }
};

}  // namespace prefopt::detail
PREFOPT_INLINED_END
