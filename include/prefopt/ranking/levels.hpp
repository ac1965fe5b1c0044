// SPDX-License-Identifier: MIT
#pragma once
/// \file  Levels of difficulty: where an easy-to-hard ranking is cut.

#include <cmath>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// A ranking cut into levels: level k holds the ranks [offsets[k], offsets[k + 1]). Levels may be
/// empty. Borrows the offsets.
struct level_view {
  vector_view<index_t const> offsets;  ///< levels + 1, from 0 to the number of samples
  index_t origin = 0;                  ///< of a part of a ranking: the rank that counts as 0

  constexpr index_t count() const { return offsets.size() - 1; }
  constexpr index_t samples() const { return last(count() - 1); }
  constexpr index_t first(index_t level) const { return offsets[level] - origin; }
  constexpr index_t last(index_t level) const { return offsets[level + 1] - origin; }
  constexpr index_t size(index_t level) const { return last(level) - first(level); }

  /// The levels [begin, begin + levels) as a ranking of their own.
  constexpr level_view part(index_t begin, index_t levels) const
  {
    return {offsets.part(begin, levels + 1), offsets[begin]};
  }
  /// Groups of `levels` neighbouring levels as one level each.
  constexpr level_view joined(index_t levels) const
  {
    return {{offsets.data, count() / levels + 1, offsets.stride * levels}, origin};
  }
};

namespace detail {

/// The whole number of samples nearest to a share of n, halves up: the one rounding rule for
/// fractions of a ranking. (Rounding up would turn .14 of 50, which is 7.000000000000001, into 8.)
inline index_t samples_in_share(index_t n, double share)
{
  double const samples = std::floor(share * static_cast<double>(n) + 0.5);
  if (!(samples >= 0 && samples < 0x1p62)) {
    throw_invalid("samples_in_share", "share", "0 or more and finite", std::to_string(share));
  }
  return static_cast<index_t>(samples);
}

inline void require_level_column(char const* function, vector_view<index_t> offsets)
{
  if (offsets.size() < 2) {
    throw_invalid(function, "column 'offsets'", "levels + 1 elements, at least 2",
                  std::to_string(offsets.size()));
  }
}

/// Cuts must not decrease and must not be NaN.
template <class Real>
void require_ascending_cuts(char const* function, char const* column, vector_view<Real const> cuts)
{
  for (index_t k = 0; k < cuts.size(); ++k) {
    bool const ordered = k == 0 ? cuts[0] == cuts[0] : cuts[k] >= cuts[k - 1];
    if (!ordered) {
      throw_invalid(function, std::string(column) + "[" + std::to_string(k) + "]",
                    k == 0 ? "a number" : "at least " + std::to_string(cuts[k - 1]),
                    std::to_string(cuts[k]));
    }
  }
}

/// The first of the ranks [begin, end) whose sample is not `easy`, by bisection: easy samples come
/// first. Throws `std::invalid_argument` for an index that it meets outside the samples.
template <class Easy>
index_t partition_rank(char const* function, vector_view<index_t const> order, index_t begin,
                       index_t end, Easy const& easy)
{
  index_t const samples = order.size();
  while (begin < end) {
    index_t const middle = begin + (end - begin) / 2;
    if (order[middle] < 0 || order[middle] >= samples) {
      throw_invalid(function, "order[" + std::to_string(middle) + "]",
                    "an index from 0, below " + std::to_string(samples),
                    std::to_string(order[middle]));
    }
    if (easy(order[middle])) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

}  // namespace detail

/// Checks offsets that came from elsewhere: 0 first, `samples` last, never decreasing. Throws
/// `std::invalid_argument` otherwise.
inline void check_levels(level_view levels, index_t samples)
{
  constexpr char const* name = "check_levels";
  if (levels.offsets.size() < 2) {
    detail::throw_invalid(name, "column 'offsets'", "levels + 1 elements, at least 2",
                          std::to_string(levels.offsets.size()));
  }
  if (levels.offsets[0] != 0) {
    detail::throw_invalid(name, "offsets[0]", "0", std::to_string(levels.offsets[0]));
  }
  for (index_t k = 0; k < levels.count(); ++k) {
    if (levels.size(k) < 0) {
      detail::throw_invalid(name, "offsets[" + std::to_string(k + 1) + "]",
                            "at least " + std::to_string(levels.first(k)),
                            std::to_string(levels.last(k)));
    }
  }
  if (levels.samples() != samples) {
    detail::throw_invalid(name, "last offset", std::to_string(samples) + " (samples ranked)",
                          std::to_string(levels.samples()));
  }
}

/// Cuts `samples` ranks into offsets.size() - 1 levels whose sizes differ by at most one; the
/// easiest `samples mod levels` of them get the extra sample. With more levels than samples the
/// easiest `samples` levels hold one each and the others none.
inline void levels_of_equal_size(index_t samples, vector_view<index_t> offsets)
{
  constexpr char const* name = "levels_of_equal_size";
  detail::require_level_column(name, offsets);
  if (samples < 0) { detail::throw_invalid(name, "samples", "0 or more", std::to_string(samples)); }
  index_t const levels = offsets.size() - 1;
  for (index_t k = 0; k <= levels; ++k) {
    offsets[k] = k * (samples / levels) + min(k, samples % levels);
  }
}

namespace detail {

/// Shares of the ranking: ascending, in [0, 1].
inline void require_fractions(char const* function, vector_view<double const> fractions)
{
  require_ascending_cuts(function, "fractions", fractions);
  for (index_t k = 0; k < fractions.size(); ++k) {
    if (fractions[k] < 0 || fractions[k] > 1) {
      throw_invalid(function, "fractions[" + std::to_string(k) + "]", "a share in [0, 1]",
                    std::to_string(fractions[k]));
    }
  }
}

}  // namespace detail

/// Cuts at shares of the ranking: `fractions` holds one inner cut in [0, 1] for each pair of
/// neighbouring levels, never decreasing; cut f lies at the whole number nearest to f * samples,
/// halves up. Equal cuts leave a level empty.
inline void levels_at_fractions(index_t samples, vector_view<double const> fractions,
                                vector_view<index_t> offsets)
{
  constexpr char const* name = "levels_at_fractions";
  detail::require_level_column(name, offsets);
  detail::require_extent(name, "fractions", offsets.size() - 2, fractions.size());
  detail::require_fractions(name, fractions);
  if (samples < 0) { detail::throw_invalid(name, "samples", "0 or more", std::to_string(samples)); }
  for (index_t k = 0; k < fractions.size(); ++k) {
    offsets[k + 1] = detail::samples_in_share(samples, fractions[k]);
  }
  offsets[0] = 0;
  offsets[offsets.size() - 1] = samples;
}

/// Cuts at scores: level k holds the scores s with thresholds[k - 1] <= s < thresholds[k]. `order`
/// ranks `scores` easy to hard (`rank_easy_to_hard`). Thresholds never decrease; infinities are
/// allowed; levels that no score falls into are empty. Throws `std::invalid_argument` for these,
/// and for an index that it meets outside the scores: it reads O(log n) of each threshold's.
template <tensor_of_rank<1> Scores>
void levels_at_thresholds(
    Scores const& score_column, vector_view<index_t const> order,
    vector_view<typename detail::traits_of<Scores>::element_type const> thresholds,
    vector_view<index_t> offsets)
{
  constexpr char const* name = "levels_at_thresholds";
  vector_view<typename detail::traits_of<Scores>::element_type const> const scores(score_column);
  detail::require_level_column(name, offsets);
  detail::require_extent(name, "order", scores.size(), order.size());
  detail::require_extent(name, "thresholds", offsets.size() - 2, thresholds.size());
  detail::require_ascending_cuts(name, "thresholds", thresholds);
  offsets[0] = 0;
  for (index_t k = 0; k < thresholds.size(); ++k) {
    // Ranks before offsets[k] are below the previous, lower threshold.
    offsets[k + 1] = detail::partition_rank(name, order, offsets[k], scores.size(),
                                            [&](index_t i) { return scores[i] < thresholds[k]; });
  }
  offsets[offsets.size() - 1] = scores.size();
}

}  // namespace prefopt
