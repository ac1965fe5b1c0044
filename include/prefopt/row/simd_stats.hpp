// SPDX-License-Identifier: MIT
#pragma once
/// \file  Softmax statistics of a contiguous row, a vector register at a time, in one pass.

#include <cmath>
#include <cstdint>
#include <limits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/fast_exp.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/logit_stats.hpp>

namespace prefopt::detail {

/// Accumulates sum e^d and sum e^d d, d = y - reference, over tiles of a row.
///
/// The reference follows the maximum lazily: a tile is summed first and its maximum looked at
/// after, and only when that exceeds the reference by more than `slack` the reference moves and
/// the tile is summed again. So memory is read once and nothing waits for a maximum. `Map` takes
/// raw logits to y and is increasing.
template <class Reals, class Map>
class simd_logit_stats {
 public:
  static constexpr int ways = 4;  ///< independent sums, to hide the latency of an addition
  static constexpr index_t step = ways * lanes_of<Reals>;

  /// Starts at the maximum of the first `count` logits, a multiple of `step`; NaN is left to the
  /// sums.
  template <class Stored>
  simd_logit_stats(Map map, Stored const* first, index_t count) : map_(map)
  {
    Reals top = lowest();
    for (index_t j = 0; j < count; j += pack_pair<Reals>::size) {
      pack_pair<Reals> const x = load_pair<Reals>(first + j);
      top = max(max(top, x.first), x.second);
    }
    move_reference(max_lane(map_(top)));
  }

  /// `count` is a multiple of `step`.
  template <class Stored>
  void push_tile(Stored const* tile, index_t count)
  {
    Reals top[ways];
    sums added = sum_tile(tile, count, top);
    Reals const highest = max(max(top[0], top[1]), max(top[2], top[3]));
    top_ = max(top_, highest);
    if (any_lane(map_(highest) > Reals(reference_ + slack))) {
      move_reference(max_lane(map_(highest)));
      added = sum_tile(tile, count, top);
    }
    // Sums of tiles, not of elements: rounding errors of a long row do not pile up.
    for (int w = 0; w < ways; ++w) {
      total_.exponential[w] = total_.exponential[w] + added.exponential[w];
      total_.shift[w] = total_.shift[w] + added.shift[w];
    }
  }

  logit_stats<float> result() const
  {
    double sum = 0;
    double shift = 0;
    for (int w = 0; w < ways; ++w) {
      sum += sum_lanes(total_.exponential[w]);
      shift += sum_lanes(total_.shift[w]);
    }
    if (shift != shift) { return {quiet_nan_v<float>, quiet_nan_v<float>, quiet_nan_v<float>}; }
    float const top = max_lane(top_);
    if (top == -infinity_v<float>) { return {}; }
    // From the reference to the maximum, in double.
    float const maximum = max_lane(map_(Reals(top)));
    double const move = static_cast<double>(reference_) - static_cast<double>(maximum);
    double const scale = std::exp(move);
    return {maximum, static_cast<float>(scale * sum),
            static_cast<float>(scale * (shift + move * sum))};
  }

 private:
  static constexpr float slack = 6.0f;  ///< nats; more would cost digits, less time

  struct sums {
    Reals exponential[ways];
    Reals shift[ways];
  };

  static Reals lowest() { return Reals(-infinity_v<float>); }

  template <class Stored>
  sums sum_tile(Stored const* tile, index_t count, Reals (&top)[ways]) const
  {
    sums s{};
    for (Reals& t : top) { t = lowest(); }
    for (index_t j = 0; j < count; j += step) {
      for (index_t byte = 0; byte < step * static_cast<index_t>(sizeof(Stored)); byte += 64) {
        prefetch(reinterpret_cast<std::uintptr_t>(tile + j) + static_cast<std::uintptr_t>(byte));
      }
      for (int w = 0; w < ways; w += 2) {
        pack_pair<Reals> const x = load_pair<Reals>(tile + j + w * lanes_of<Reals>);
        add(x.first, s.exponential[w], s.shift[w], top[w]);
        add(x.second, s.exponential[w + 1], s.shift[w + 1], top[w + 1]);
      }
    }
    return s;
  }

  /// As an integer, because the address may lie behind the matrix.
  static void prefetch(std::uintptr_t address)
  {
    __builtin_prefetch(
        reinterpret_cast<void const*>(address + 8192));  // NOLINT(performance-no-int-to-ptr)
  }

  void add(Reals const& x, Reals& exponential, Reals& shift, Reals& top) const
  {
    top = max(top, x);
    Reals const d = max(map_(x) - Reals(reference_), Reals(lowest_exponent));  // a NaN stays
    Reals const e = exp_in_range(d);
    exponential = exponential + e;
    shift = mul_add(d, e, shift);
  }

  void move_reference(float to)
  {
    if (to == -infinity_v<float>) { to = std::numeric_limits<float>::lowest(); }
    float const move = max(reference_ - to, -800.0f);  // as logit_stats does
    float const scale = std::exp(move);
    for (int w = 0; w < ways; ++w) {
      total_.shift[w] = (total_.shift[w] + total_.exponential[w] * move) * scale;
      total_.exponential[w] = total_.exponential[w] * scale;
    }
    reference_ = to;
  }

  Map map_;
  sums total_{};
  Reals top_ = lowest();  ///< of the raw logits
  float reference_ = std::numeric_limits<float>::lowest();
};

}  // namespace prefopt::detail
