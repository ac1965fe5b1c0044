// SPDX-License-Identifier: MIT
#pragma once
/// \file  Levels of equal width in the difficulty, not of equal size.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {
namespace detail {

/// The highest score of a level but the last.
constexpr double highest_of_level(double first, double width, index_t level)
{
  return first + static_cast<double>(level) * width;
}

}  // namespace detail

/// Level k holds the scores in (first + (k - 1) width, first + k width]; level 0 also what is lower
/// and the last level also what is higher. `order` ranks `scores` easy to hard. For whole-numbered
/// difficulties such as token counts, DeepSpeed's `difficulty_step` is the width. Levels that no
/// score falls into are empty. Throws `std::invalid_argument` unless width > 0 and both are finite,
/// and for an index that it meets outside the scores: it reads O(log n) of each threshold's.
template <tensor_of_rank<1> Scores>
void levels_of_equal_width(Scores const& score_column, vector_view<index_t const> order,
                           double first, double width, vector_view<index_t> offsets)
{
  constexpr char const* name = "levels_of_equal_width";
  vector_view<typename detail::traits_of<Scores>::element_type const> const scores(score_column);
  detail::require_level_column(name, offsets);
  detail::require_extent(name, "order", scores.size(), order.size());
  if (!(width > 0 && width - width == 0 && first - first == 0)) {
    detail::throw_invalid(name, "first and width", "finite, width above 0",
                          std::to_string(first) + " and " + std::to_string(width));
  }
  offsets[0] = 0;
  for (index_t k = 0; k + 2 < offsets.size(); ++k) {
    double const highest = detail::highest_of_level(first, width, k);
    offsets[k + 1] = detail::partition_rank(name, order, offsets[k], scores.size(), [&](index_t i) {
      return static_cast<double>(scores[i]) <= highest;
    });
  }
  offsets[offsets.size() - 1] = scores.size();
}

}  // namespace prefopt
