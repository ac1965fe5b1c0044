// SPDX-License-Identifier: MIT
#pragma once
/// \file  Softmax statistics of a contiguous row, a vector register at a time, in one pass.

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/double_pack.hpp>
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
/// The sums of the maximum's tile are kept apart. Where the maximum outweighs the rest, those of
/// its lane are summed once more without it: beside it they would lose their digits.
template <class Reals, class Map, class Stored, bool Peaks>
class simd_row_stats {
  using pair_of_packs = pack_pair<Reals>;
  using real = lane_type<Reals>;

 public:
  static constexpr index_t step = 2 * pair_of_packs::size;
  static constexpr index_t largest_tile = 1024;
  static_assert(largest_tile % step == 0);

  /// Starts at the maximum of other logits of the row.
  simd_row_stats(Map map, real maximum) : map_(map), reference_(maximum)
  {
    // Where the compiler knows this number, gcc makes two instructions of the maximum with it.
    real const volatile lowest = lowest_exponent_of<real>;
    lowest_ = Reals(lowest);
  }

  /// Starts at the maximum of the first `count` logits, a multiple of `step`; NaN is left to the
  /// sums.
  simd_row_stats(Map map, Stored const* first, index_t count)
      : simd_row_stats(map, std::numeric_limits<real>::lowest())
  {
    Reals top_1(-infinity_v<real>);
    Reals top_2(-infinity_v<real>);
    for (index_t j = 0; j < count; j += pair_of_packs::size) {
      pair_of_packs const x = load_pair<Reals>(first + j);
      top_1 = max(top_1, x.first);
      top_2 = max(top_2, x.second);
    }
    reference_ = max(mapped(max_lane(max(top_1, top_2))), reference_);
  }

  /// `count` is a multiple of `step`, and the tile stays where it is until the result is read.
  void push_tile(Stored const* tile, index_t count)
  {
    tile_sums added = sum_tile(tile, count);
    if (!any_lane(added.top() > Reals(top_))) {
      total_.add(added.first);
      total_.add(added.second);
      return;
    }
    top_ = max_lane(added.top());
    total_.add(top_sums_.first);
    total_.add(top_sums_.second);
    if (map_.scale * (mapped(top_) - reference_) > slack) {
      move_reference(mapped(top_));
      added = sum_tile(tile, count);
    }
    top_sums_ = added;
    top_tile_ = tile;
    top_count_ = count;
  }

  /// The first of the largest logits in its tile.
  Stored const* top_at() const
  {
    Stored const* at = top_tile_;
    auto const is_here = [this](Stored const* from) {
      pair_of_packs const x = load_pair<Reals>(from);
      return any_lane(max(x.first, x.second) == Reals(top_));
    };
    while (!is_here(at)) { at += pair_of_packs::size; }
    while (to_real<real>(*at) != top_) { ++at; }
    return at;
  }
  Stored const* top_tile() const { return top_tile_; }

  peak_stats<real> result() const
  {
    sums both = total_;
    both.add(top_sums_.first);
    both.add(top_sums_.second);
    totals all(both);
    if (all.shift != all.shift) {
      real const nan = quiet_nan_v<real>;
      return {{nan, nan, nan, map_.scale}, nan};
    }
    if (top_ == -infinity_v<real>) { return {}; }
    // From the reference to the maximum, in double.
    real const maximum = mapped(top_);
    double const move = static_cast<double>(map_.scale) *
                        (static_cast<double>(reference_) - static_cast<double>(maximum));
    double const weight = move == 0 ? 1 : std::exp(move);
    double rest = weight * all.exponential - 1;
    double rest_square = weight * weight * all.square - 1;
    if (rest < outweighed || (Peaks && rest_square < outweighed)) {
      Reals ties(real(0));
      totals const others = without_top(ties);
      double const as_large = sum_lanes(ties) - 1;
      rest_square = weight * weight * others.square + as_large;
      if (rest < outweighed) {
        all = others;
        rest = weight * all.exponential + as_large;
      }
    }
    if (rest < negligible) { return {{maximum, real(0), real(0), map_.scale}}; }
    double const shift = weight * (all.shift + move * all.exponential);
    return {{maximum, static_cast<real>(rest), static_cast<real>(shift), map_.scale},
            static_cast<real>(rest_square)};
  }

  /// `result` merged with those other logits: without a new maximum, the sums go on.
  logit_stats<real> added_to(logit_stats<real> others) const
  {
    bool const goes_on = reference_ == others.max && !(mapped(top_) > others.max);
    sums all = total_;
    all.add(top_sums_.first);
    all.add(top_sums_.second);
    double const sum = sum_lanes(all.exponential);
    double const shift = sum_lanes(all.shift);
    if (!goes_on || shift != shift) {
      others.merge(result().logits);
    } else if (sum >= negligible) {
      others.rest += static_cast<real>(sum);
      others.sum_shift += static_cast<real>(shift);
    }
    return others;
  }

 private:
  static constexpr real slack = 6;  ///< nats; more would cost digits, less time
  /// A rest this large keeps 1e-6 of itself beside the maximum's 1: the lane that holds the 1 is
  /// off by 6e-8 at each addition of its tile, and not always the same way.
  static constexpr double outweighed = 2;
  /// More than the e^lowest that each masked logit counts for, in any vocabulary.
  static constexpr double negligible = std::is_same_v<real, double> ? 1e-290 : 1e-30;

  struct sums {
    Reals exponential{real(0)};
    Reals shift{real(0)};
    Reals square{real(0)};

    void add(sums const& other)
    {
      exponential = exponential + other.exponential;
      shift = shift + other.shift;
      square = square + other.square;
    }
    void clear(index_t lane)
    {
      exponential.lanes[lane] = 0;
      shift.lanes[lane] = 0;
      square.lanes[lane] = 0;
    }
  };

  /// Of a tile, from the first and the second packs of its pairs.
  struct tile_sums {
    sums first;
    sums second;
    Reals first_top{-infinity_v<real>};
    Reals second_top{-infinity_v<real>};

    Reals top() const { return max(first_top, second_top); }
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
    totals plus(totals const& other) const
    {
      totals sum = *this;
      sum.exponential += other.exponential;
      sum.shift += other.shift;
      sum.square += other.square;
      return sum;
    }
  };

  real mapped(real x) const { return map_(Reals(x)).lanes[0]; }

  /// What place of a pair in memory a lane of one of its packs comes from.
  static constexpr index_t place_of(index_t pack, index_t lane)
  {
    return sizeof(Stored) < sizeof(float) ? 2 * lane + pack : pack * lanes_of<Reals> + lane;
  }

  /// All sums without the logits as large as the maximum that its lane holds; they are counted in
  /// `ties`. The other lanes are as they were; of this one the logits of the maximum's tile, every
  /// so many, are summed once more. Without a branch on where it is, which nobody could predict.
  totals without_top(Reals& ties) const
  {
    constexpr index_t pair = pair_of_packs::size;
    constexpr index_t lanes = lanes_of<Reals>;
    real tops[pair];
    top_sums_.first_top.store(tops);
    top_sums_.second_top.store(tops + lanes);
    index_t top = 0;
    for (index_t k = 1; k < pair; ++k) { top = tops[k] == top_ ? k : top; }
    sums packs[2] = {top_sums_.first, top_sums_.second};
    packs[top / lanes].clear(top % lanes);
    sums others = total_;
    others.add(packs[0]);
    others.add(packs[1]);

    Stored column[max(largest_tile / pair, pair)];
    index_t const count = top_count_ / pair;
    index_t const padded = (count + pair - 1) / pair * pair;
    Stored const* const from = top_tile_ + place_of(top / lanes, top % lanes);
    for (index_t k = 0; k < count; ++k) { column[k] = from[k * pair]; }
    for (index_t k = count; k < padded; ++k) { column[k] = from_real<Stored>(-infinity_v<real>); }
    Reals const largest(top_);
    sums lane;
    auto const add = [&](Reals const& logit) {
      ties = ties + select(logit == largest, Reals(real(1)), Reals(real(0)));
      add_logit(select(logit == largest, Reals(-infinity_v<real>), logit), lane);
    };
    for (index_t k = 0; k < padded; k += pair) {
      pair_of_packs const x = load_pair<Reals>(column + k);
      add(x.first);
      add(x.second);
    }
    return totals(others).plus(totals(lane));
  }

  void add_logit(Reals const& x, sums& s) const
  {
    Reals const distance = Reals(map_.scale) * (map_(x) - Reals(reference_));
    Reals const shift = max(distance, lowest_);  // a NaN stays
    Reals const e = exp_in_range(shift);
    s.exponential = s.exponential + e;
    s.shift = mul_add(shift, e, s.shift);
    if constexpr (Peaks) { s.square = mul_add(e, e, s.square); }
  }

  /// Four sums that do not wait for each other, as variables: gcc keeps arrays in memory. The sums
  /// of tiles are added, not all elements in one: rounding errors of a long row do not pile up.
  tile_sums sum_tile(Stored const* tile, index_t count) const
  {
    sums a;
    sums b;
    sums c;
    sums d;
    Reals top_1(-infinity_v<real>);
    Reals top_2(-infinity_v<real>);
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
    a.add(c);
    b.add(d);
    return {a, b, top_1, top_2};
  }

  void move_reference(real to)
  {
    if (to == -infinity_v<real>) { to = std::numeric_limits<real>::lowest(); }
    real const move = max(map_.scale * (reference_ - to), real(-800));  // as logit_stats does
    real const scale = std::exp(move);
    total_.shift = (total_.shift + total_.exponential * move) * scale;
    total_.exponential = total_.exponential * scale;
    total_.square = total_.square * (scale * scale);
    reference_ = to;
  }

  Map map_;
  Reals lowest_;
  sums total_{};  ///< of all tiles but the one of the maximum
  tile_sums top_sums_{};
  Stored const* top_tile_ = nullptr;
  index_t top_count_ = 0;
  real top_ = -infinity_v<real>;  ///< of the raw logits
  real reference_ = std::numeric_limits<real>::lowest();
};

/// Statistics of a row; without peaks `logits` alone, and of the other logits that `others` holds.
template <class Reals, bool Peaks, class Map, class Stored, class Real = lane_type<Reals>>
peak_stats<Real> contiguous_row_stats(Map map, Stored const* row, index_t size,
                                      logit_stats<Real> const& others = {})
{
  using row_stats = simd_row_stats<Reals, Map, Stored, Peaks>;
  constexpr index_t tile = row_stats::largest_tile;
  index_t const whole = size / row_stats::step * row_stats::step;
  // The end of the row is padded with masked logits: a scalar tail costs more than whole tiles.
  // Read in its turn, after those: of a long row it is not in the caches yet.
  Stored padded[row_stats::step];
  auto const pad_end = [&] {
    for (Stored& x : padded) { x = from_real<Stored>(-infinity_v<Real>); }
    std::memcpy(static_cast<void*>(padded), row + whole,
                static_cast<std::size_t>(size - whole) * sizeof(Stored));
  };
  if (whole == 0 && size > 0) { pad_end(); }

  bool const is_first = Peaks || others.is_empty();
  row_stats stats = is_first
                        ? row_stats(map, whole > 0 ? row : padded,
                                    max(min(index_t(256), whole), size > 0 ? row_stats::step : 0))
                        : row_stats(map, others.max);
  for (index_t j = 0; j < whole; j += tile) { stats.push_tile(row + j, min(tile, whole - j)); }
  if (whole < size) {
    if (whole > 0) { pad_end(); }
    stats.push_tile(padded, row_stats::step);
  }
  if (!is_first) { return {stats.added_to(others)}; }
  peak_stats<Real> result = stats.result();
  if (Peaks && !result.logits.is_empty() && result.logits.max == result.logits.max) {
    Stored const* const top = stats.top_at();
    result.greedy = stats.top_tile() == padded ? whole + (top - padded) : top - row;
    result.greedy_logit = to_real<Real>(*top);
  }
  return result;
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
