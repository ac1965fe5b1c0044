// SPDX-License-Identifier: MIT
#pragma once
/// \file  The greedy token and sum p^2 of a contiguous row, a vector register at a time.

#include <prefopt/core/pack.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/peak_stats.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// The first of the largest logits; -1 where all are -inf or NaN.
template <class Reals, class Stored>
index_t first_of_largest(Stored const* row, index_t size)
{
  constexpr index_t step = pack_pair<Reals>::size;
  index_t const whole = size / step * step;
  Reals highest(-infinity_v<float>);
  for (index_t j = 0; j < whole; j += step) {
    pack_pair<Reals> const x = load_pair<Reals>(row + j);
    highest = max(max(highest, x.first), x.second);
  }
  float top = max_lane(highest);
  for (index_t j = whole; j < size; ++j) { top = max(top, to_real<float>(row[j])); }
  if (top == -infinity_v<float>) { return -1; }
  index_t j = 0;
  for (; j < whole; j += step) {
    pack_pair<Reals> const x = load_pair<Reals>(row + j);
    if (any_lane(x.first == Reals(top)) || any_lane(x.second == Reals(top))) { break; }
  }
  while (to_real<float>(row[j]) != top) { ++j; }
  return j;
}

/// Sum of e^(2 scale (map(x) - top)).
template <class Reals, class Map, class Stored>
double sum_of_squares(Map map, float top, Stored const* row, index_t size)
{
  constexpr index_t step = pack_pair<Reals>::size;
  constexpr index_t tile = 1024;
  auto const square = [&](Reals const& x) {
    return probability(Reals(2 * map.scale) * (map(x) - Reals(top)));
  };
  auto const squares = [&](Stored const* at) {
    pack_pair<Reals> const x = load_pair<Reals>(at);
    return square(x.first) + square(x.second);
  };
  index_t const whole = size / step * step;
  double total = 0;
  for (index_t first = 0; first < whole; first += tile) {
    index_t const last = min(first + tile, whole);
    Reals sum(0.0f);
    for (index_t j = first; j < last; j += step) { sum = sum + squares(row + j); }
    total += sum_lanes(sum);
  }
  if (whole < size) {
    padded_tail<Reals, Stored> const rest(row + whole, size - whole);
    total += sum_lanes(squares(rest.at));
  }
  return total;
}

/// What `logit_stats` of the same row leaves out. Around the greedy token, as its 1 is not in.
template <class Reals, class Map, class Stored>
peak_stats<float> contiguous_peak_stats(Map map, logit_stats<float> const& logits,
                                        Stored const* row, index_t size)
{
  if (logits.is_empty()) { return {}; }
  if (logits.max != logits.max) { return {logits, quiet_nan_v<float>, -1}; }  // NaN somewhere
  index_t const top = first_of_largest<Reals>(row, size);
  double const squares = sum_of_squares<Reals>(map, logits.max, row, top) +
                         sum_of_squares<Reals>(map, logits.max, row + top + 1, size - top - 1);
  return {logits, static_cast<float>(squares), top, to_real<float>(row[top])};
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
