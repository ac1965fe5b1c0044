// SPDX-License-Identifier: MIT
#pragma once
/// \file  Softmax statistics of a contiguous row, a vector register at a time, in one pass.

#include <cmath>
#include <limits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/logit_stats.hpp>
#include <prefopt/row/peak_stats.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// Accumulates sum e^d, sum e^d d and, for peaks, sum e^2d, d = scale (u - reference), u = map(x),
/// over tiles of a row.
///
/// The reference follows the maximum lazily: a tile is summed first and its maximum looked at
/// after, and only when that exceeds the reference by more than `slack` the reference moves and
/// the tile is summed again. So memory is read once and nothing waits for a maximum. `Map` is
/// increasing.
///
/// The tile of the maximum is kept apart. Where the maximum outweighs the rest, it is summed once
/// more without it: as one term among the others it would cost them their digits.
template <class Reals, class Map, class Stored, bool Peaks>
class simd_row_stats {
  using pair_of_packs = pack_pair<Reals>;

 public:
  static constexpr index_t step = 2 * pair_of_packs::size;
  static constexpr index_t largest_tile = 1024;
  static_assert(largest_tile % step == 0);

  /// Starts at the maximum of the first `count` logits, a multiple of `step`; NaN is left to the
  /// sums.
  simd_row_stats(Map map, Stored const* first, index_t count) : map_(map)
  {
    // Where the compiler knows this number, gcc makes two instructions of the maximum with it.
    float const volatile lowest = lowest_exponent;
    lowest_ = Reals(lowest);
    Reals top(-infinity_v<float>);
    for (index_t j = 0; j < count; j += pair_of_packs::size) {
      pair_of_packs const x = load_pair<Reals>(first + j);
      top = max(max(top, x.first), x.second);
    }
    move_reference(mapped(max_lane(top)));
  }

  /// Starts at the maximum of other logits of the row.
  simd_row_stats(Map map, float maximum) : simd_row_stats(map, nullptr, 0) { reference_ = maximum; }

  /// `count` is a multiple of `step`, and the tile stays where it is until the result is read.
  void push_tile(Stored const* tile, index_t count)
  {
    Reals top;
    sums added = sum_tile(tile, count, top);
    if (!any_lane(top > Reals(top_))) {
      total_.add(added);
      return;
    }
    top_ = max_lane(top);
    total_.add(top_sums_);
    if (map_.scale * (mapped(top_) - reference_) > slack) {
      move_reference(mapped(top_));
      added = sum_tile(tile, count, top);
    }
    top_sums_ = added;
    top_tile_ = tile;
    top_count_ = count;
  }

  /// The first of the largest logits in its tile.
  Stored const* top_at() const
  {
    Stored const* at = top_tile_;
    while (to_real<float>(*at) != top_) { ++at; }
    return at;
  }
  Stored const* top_tile() const { return top_tile_; }

  peak_stats<float> result() const
  {
    totals all = totals(total_).plus(top_sums_);
    if (all.shift != all.shift) {
      float const nan = quiet_nan_v<float>;
      return {{nan, nan, nan, map_.scale}, nan};
    }
    if (top_ == -infinity_v<float>) { return {}; }
    // From the reference to the maximum, in double.
    float const maximum = mapped(top_);
    double const move = static_cast<double>(map_.scale) *
                        (static_cast<double>(reference_) - static_cast<double>(maximum));
    double const weight = std::exp(move);
    double rest = weight * all.exponential - 1;
    double rest_square = weight * weight * all.square - 1;
    if (rest < outweighed || (Peaks && rest_square < outweighed)) {
      totals const others = totals(total_).plus(sum_without_top());
      rest_square = weight * weight * others.square;
      if (rest < outweighed) {
        all = others;
        rest = weight * all.exponential;
      }
    }
    if (rest < negligible) { return {{maximum, 0.0f, 0.0f, map_.scale}}; }
    double const shift = weight * (all.shift + move * all.exponential);
    return {{maximum, static_cast<float>(rest), static_cast<float>(shift), map_.scale},
            static_cast<float>(rest_square)};
  }

  /// `result` merged with those other logits: without a new maximum, the sums go on.
  logit_stats<float> added_to(logit_stats<float> others) const
  {
    bool const goes_on = reference_ == others.max && !(mapped(top_) > others.max);
    sums all = total_;
    all.add(top_sums_);
    double const sum = sum_lanes(all.exponential);
    double const shift = sum_lanes(all.shift);
    if (!goes_on || shift != shift) {
      others.merge(result().logits);
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
    Reals exponential{0.0f};
    Reals shift{0.0f};
    Reals square{0.0f};

    void add(sums const& other)
    {
      exponential = exponential + other.exponential;
      shift = shift + other.shift;
      square = square + other.square;
    }
  };

  struct totals {
    double exponential;
    double shift;
    double square;

    explicit totals(sums const& s)
        : exponential(sum_lanes(s.exponential)),
          shift(sum_lanes(s.shift)),
          square(Peaks ? sum_lanes(s.square) : 0)
    {
    }
    totals plus(sums const& other) const
    {
      totals sum(other);
      sum.exponential += exponential;
      sum.shift += shift;
      sum.square += square;
      return sum;
    }
  };

  float mapped(float x) const { return max_lane(map_(Reals(x))); }

  sums sum_without_top() const
  {
    Stored tile[largest_tile];
    for (index_t j = 0; j < top_count_; ++j) { tile[j] = top_tile_[j]; }
    tile[top_at() - top_tile_] = from_real<Stored>(-infinity_v<float>);
    Reals top;
    return sum_tile(tile, top_count_, top);
  }

  /// Four sums that do not wait for each other, as variables: gcc keeps arrays in memory. The sums
  /// of tiles are added, not all elements in one: rounding errors of a long row do not pile up.
  sums sum_tile(Stored const* tile, index_t count, Reals& top) const
  {
    sums a;
    sums b;
    sums c;
    sums d;
    Reals top_1(-infinity_v<float>);
    Reals top_2(-infinity_v<float>);
    Reals const reference(reference_);
    Reals const lowest = lowest_;
    Map const map = map_;
    auto const add = [reference, lowest, map](Reals const& x, sums& s, Reals& highest) {
      highest = max(highest, x);
      Reals const distance = Reals(map.scale) * (map(x) - reference);
      Reals const shift = max(distance, lowest);  // a NaN stays
      Reals const e = exp_in_range(shift);
      s.exponential = s.exponential + e;
      s.shift = mul_add(shift, e, s.shift);
      if constexpr (Peaks) { s.square = mul_add(e, e, s.square); }
    };
    for (index_t j = 0; j < count; j += step) {
      prefetch(tile + j, step * static_cast<index_t>(sizeof(Stored)));
      pair_of_packs const x = load_pair<Reals>(tile + j);
      pair_of_packs const y = load_pair<Reals>(tile + j + pair_of_packs::size);
      add(x.first, a, top_1);
      add(x.second, b, top_2);
      add(y.first, c, top_1);
      add(y.second, d, top_2);
    }
    top = max(top_1, top_2);
    a.add(b);
    c.add(d);
    a.add(c);
    return a;
  }

  void move_reference(float to)
  {
    if (to == -infinity_v<float>) { to = std::numeric_limits<float>::lowest(); }
    float const move = max(map_.scale * (reference_ - to), -800.0f);  // as logit_stats does
    float const scale = std::exp(move);
    total_.shift = (total_.shift + total_.exponential * move) * scale;
    total_.exponential = total_.exponential * scale;
    total_.square = total_.square * (scale * scale);
    reference_ = to;
  }

  Map map_;
  Reals lowest_;
  sums total_{};  ///< of all tiles but the one of the maximum
  sums top_sums_{};
  Stored const* top_tile_ = nullptr;
  index_t top_count_ = 0;
  float top_ = -infinity_v<float>;  ///< of the raw logits
  float reference_ = std::numeric_limits<float>::lowest();
};

/// Statistics of a row; without peaks `logits` alone, and of the other logits that `others` holds.
template <class Reals, bool Peaks, class Map, class Stored>
peak_stats<float> contiguous_row_stats(Map map, Stored const* row, index_t size,
                                       logit_stats<float> const& others = {})
{
  using row_stats = simd_row_stats<Reals, Map, Stored, Peaks>;
  constexpr index_t tile = row_stats::largest_tile;
  // The end of the row is padded with masked logits: a scalar tail costs more than whole tiles.
  index_t const whole = size / row_stats::step * row_stats::step;
  Stored padded[row_stats::step];
  for (Stored& x : padded) { x = from_real<Stored>(-infinity_v<float>); }
  for (index_t j = whole; j < size; ++j) { padded[j - whole] = row[j]; }

  bool const is_first = Peaks || others.is_empty();
  row_stats stats = is_first ? row_stats(map, whole > 0 ? row : padded,
                                         max(min(index_t(256), whole), row_stats::step))
                             : row_stats(map, others.max);
  for (index_t j = 0; j < whole; j += tile) { stats.push_tile(row + j, min(tile, whole - j)); }
  if (whole < size) { stats.push_tile(padded, row_stats::step); }
  if (!is_first) { return {stats.added_to(others)}; }
  peak_stats<float> result = stats.result();
  if (Peaks && !result.logits.is_empty() && result.logits.max == result.logits.max) {
    Stored const* const top = stats.top_at();
    result.greedy = stats.top_tile() == padded ? whole + (top - padded) : top - row;
    result.greedy_logit = to_real<float>(*top);
  }
  return result;
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
