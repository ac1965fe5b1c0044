// SPDX-License-Identifier: MIT
#pragma once
/// \file  Softmax statistics of a contiguous row, a vector register at a time, in one pass.

#include <cmath>
#include <cstdint>
#include <limits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/logit_stats.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// Accumulates sum e^d and sum e^d d, d = scale (u - reference), u = map(x), over tiles of a row.
///
/// The reference follows the maximum lazily: a tile is summed first and its maximum looked at
/// after, and only when that exceeds the reference by more than `slack` the reference moves and
/// the tile is summed again. So memory is read once and nothing waits for a maximum. `Map` is
/// increasing.
///
/// The tile of the maximum is kept apart. Where the maximum outweighs the rest, it is summed once
/// more without it: as one term among the others it would cost them their digits.
template <class Reals, class Map, class Stored>
class simd_logit_stats {
 public:
  static constexpr int ways = 4;  ///< independent sums, to hide the latency of an addition
  static constexpr index_t step = ways * lanes_of<Reals>;
  static constexpr index_t largest_tile = 1024;
  static_assert(largest_tile % step == 0);

  /// Starts at the maximum of the first `count` logits, a multiple of `step`; NaN is left to the
  /// sums.
  simd_logit_stats(Map map, Stored const* first, index_t count) : map_(map)
  {
    Reals top = lowest();
    for (index_t j = 0; j < count; j += pack_pair<Reals>::size) {
      pack_pair<Reals> const x = load_pair<Reals>(first + j);
      top = max(max(top, x.first), x.second);
    }
    move_reference(mapped(max_lane(top)));
  }

  /// Starts at the maximum of other logits of the row.
  simd_logit_stats(Map map, float maximum) : map_(map), reference_(maximum) {}

  /// `count` is a multiple of `step`, and the tile stays where it is until the result is read.
  void push_tile(Stored const* tile, index_t count)
  {
    Reals top[ways];
    sums added = sum_tile(tile, count, top);
    Reals const highest = max(max(top[0], top[1]), max(top[2], top[3]));
    if (!any_lane(highest > Reals(top_))) {
      total_.add(added);
      return;
    }
    top_ = max_lane(highest);
    total_.add(top_sums_);
    if (map_.scale * (mapped(top_) - reference_) > slack) {
      move_reference(mapped(top_));
      added = sum_tile(tile, count, top);
    }
    top_sums_ = added;
    top_tile_ = tile;
    top_count_ = count;
  }

  logit_stats<float> result() const
  {
    double sum = total_.exponentials() + top_sums_.exponentials();
    double shift = total_.shifts() + top_sums_.shifts();
    if (shift != shift) {
      float const nan = quiet_nan_v<float>;
      return {nan, nan, nan, map_.scale};
    }
    if (top_ == -infinity_v<float>) { return {}; }
    // From the reference to the maximum, in double.
    float const maximum = mapped(top_);
    double const move = static_cast<double>(map_.scale) *
                        (static_cast<double>(reference_) - static_cast<double>(maximum));
    double const weight = std::exp(move);
    double rest = weight * sum - 1;
    if (rest < outweighed) {
      sums const others = sum_without_top();
      sum = total_.exponentials() + others.exponentials();
      shift = total_.shifts() + others.shifts();
      rest = weight * sum;
      if (rest < negligible) { return {maximum, 0.0f, 0.0f, map_.scale}; }
    }
    return {maximum, static_cast<float>(rest), static_cast<float>(weight * (shift + move * sum)),
            map_.scale};
  }

  /// `result` merged with those other logits: without a new maximum, the sums go on.
  logit_stats<float> added_to(logit_stats<float> others) const
  {
    bool const goes_on = reference_ == others.max && !(mapped(top_) > others.max);
    sums all = total_;
    all.add(top_sums_);
    double const sum = sums::joined(all.exponential);
    double const shift = sums::joined(all.shift);
    if (!goes_on || shift != shift) {
      others.merge(result());
    } else if (sum >= negligible) {
      others.rest += static_cast<float>(sum);
      others.sum_shift += static_cast<float>(shift);
    }
    return others;
  }

 private:
  static constexpr float slack = 6.0f;  ///< nats; more would cost digits, less time
  /// A rest this large keeps 1e-6 of itself beside the maximum's 1.
  static constexpr double outweighed = 4;
  /// More than the e^lowest_exponent that each masked logit counts for, in any vocabulary.
  static constexpr double negligible = 1e-30;

  struct sums {
    Reals exponential[ways];
    Reals shift[ways];

    // Sums of tiles, not of elements: rounding errors of a long row do not pile up.
    void add(sums const& tile)
    {
      for (int w = 0; w < ways; ++w) {
        exponential[w] = exponential[w] + tile.exponential[w];
        shift[w] = shift[w] + tile.shift[w];
      }
    }
    double exponentials() const { return total_of(exponential); }
    double shifts() const { return total_of(shift); }

    /// In fp32 but for the lanes: enough for a part of a row.
    static double joined(Reals const (&parts)[ways])
    {
      return sum_lanes((parts[0] + parts[1]) + (parts[2] + parts[3]));
    }
    static double total_of(Reals const (&parts)[ways])
    {
      double total = 0;
      for (Reals const& part : parts) { total += sum_lanes(part); }
      return total;
    }
  };

  static Reals lowest() { return Reals(-infinity_v<float>); }

  float mapped(float x) const { return max_lane(map_(Reals(x))); }

  sums sum_without_top() const
  {
    Stored tile[largest_tile];
    for (index_t j = 0; j < top_count_; ++j) { tile[j] = top_tile_[j]; }
    for (index_t j = 0; j < top_count_; ++j) {
      if (to_real<float>(tile[j]) == top_) {
        tile[j] = from_real<Stored>(-infinity_v<float>);
        break;
      }
    }
    Reals top[ways];
    return sum_tile(tile, top_count_, top);
  }

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
    Reals const distance = Reals(map_.scale) * (map_(x) - Reals(reference_));
    Reals const d = max(distance, Reals(lowest_exponent));  // a NaN stays
    Reals const e = exp_in_range(d);
    exponential = exponential + e;
    shift = mul_add(d, e, shift);
  }

  void move_reference(float to)
  {
    if (to == -infinity_v<float>) { to = std::numeric_limits<float>::lowest(); }
    float const move = max(map_.scale * (reference_ - to), -800.0f);  // as logit_stats does
    float const scale = std::exp(move);
    for (int w = 0; w < ways; ++w) {
      total_.shift[w] = (total_.shift[w] + total_.exponential[w] * move) * scale;
      total_.exponential[w] = total_.exponential[w] * scale;
    }
    reference_ = to;
  }

  Map map_;
  sums total_{};  ///< of all tiles but the one of the maximum
  sums top_sums_{};
  Stored const* top_tile_ = nullptr;
  index_t top_count_ = 0;
  float top_ = -infinity_v<float>;  ///< of the raw logits
  float reference_ = std::numeric_limits<float>::lowest();
};

}  // namespace prefopt::detail
PREFOPT_INLINED_END
