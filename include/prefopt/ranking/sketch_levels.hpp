// SPDX-License-Identifier: MIT
#pragma once
/// \file  Levels of difficulty from a quantile sketch, where the scores do not fit or are spread.

#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/quantile_sketch.hpp>

namespace prefopt {

/// thresholds[k] = a score that about fractions[k] of the samples are below: what
/// `levels_at_thresholds` and `level_of_score` cut at, as `levels_at_fractions` cuts a ranking.
///
/// With cut = fractions[k] * samples, whole and halves up, and e = `sketch.rank_error()`: at most
/// cut + e samples score below the threshold, and at least cut - e score as much or below. Equal
/// scores are never parted, so that a threshold in the middle of many cuts before them all. Without
/// equal scores and with e = 0 the levels are those of `levels_at_fractions`. A cut at the last
/// sample gives +infinity. Fractions as in `levels_at_fractions`; throws `std::invalid_argument`
/// for others and for a sketch without samples.
inline void thresholds_at_fractions(quantile_sketch const& sketch,
                                    vector_view<double const> fractions,
                                    vector_view<double> thresholds)
{
  constexpr char const* name = "thresholds_at_fractions";
  detail::require_extent(name, "thresholds", fractions.size(), thresholds.size());
  detail::require_fractions(name, fractions);
  if (sketch.samples() == 0) {
    detail::throw_invalid(name, "samples of the sketch", "1 or more", "0");
  }
  std::vector<index_t> ranks(static_cast<std::size_t>(fractions.size()));
  index_t inner = 0;  // cuts before the last sample; later ones are the last, for they ascend
  for (index_t k = 0; k < fractions.size(); ++k) {
    index_t const cut = detail::samples_in_share(sketch.samples(), fractions[k]);
    ranks[static_cast<std::size_t>(k)] = cut;
    thresholds[k] = infinity_v<double>;
    if (cut < sketch.samples()) { inner = k + 1; }
  }
  sketch.scores_at({ranks.data(), inner}, {thresholds.data, inner, thresholds.stride});
}

/// Level of one score: the number of thresholds that it has reached. Thresholds never decrease.
/// Throws `std::invalid_argument` for NaN.
inline index_t level_of_score(double score, vector_view<double const> thresholds)
{
  if (score != score) { detail::throw_invalid("level_of_score", "score", "a number", "NaN"); }
  index_t level = 0;
  while (level < thresholds.size() && score >= thresholds[level]) { ++level; }
  return level;
}

}  // namespace prefopt
