// SPDX-License-Identifier: MIT
#pragma once
/// \file  Rankings within groups of samples: one group after the other, each easy to hard.

#include <limits>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

namespace prefopt {

/// order: group 0 (a modality, a task, a source) easy to hard, then group 1 ... Within a group as
/// `rank_easy_to_hard`. Writes where each group begins to `group_offsets` (groups + 1 elements).
/// Groups may be empty. Throws `std::invalid_argument` for a NaN score or a group outside
/// [0, groups), by the sample's index, and for columns that do not fit. Sorts in place.
template <tensor_of_rank<1> Scores>
void rank_within_groups(Scores const& score_column, vector_view<index_t const> group,
                        vector_view<index_t> order, vector_view<index_t> group_offsets)
{
  constexpr char const* name = "rank_within_groups";
  detail::require_level_column(name, group_offsets);
  index_t const groups = group_offsets.size() - 1;
  detail::require_extent(name, "group", order.size(), group.size());
  for (index_t g = 0; g <= groups; ++g) { group_offsets[g] = 0; }
  for (index_t i = 0; i < group.size(); ++i) {
    if (group[i] < 0 || group[i] >= groups) {
      detail::throw_invalid(name, "group of sample " + std::to_string(i),
                            "0 or more and below " + std::to_string(groups),
                            std::to_string(group[i]));
    }
    group_offsets[group[i] + 1] += 1;
  }
  for (index_t g = 0; g < groups; ++g) { group_offsets[g + 1] += group_offsets[g]; }
  vector_view<typename detail::traits_of<Scores>::element_type const> const score(score_column);
  detail::require_rankable(score, order);
  for (index_t i = 0; i < group.size(); ++i) { order[group_offsets[group[i]]++] = i; }
  // Every offset has moved to the end of its group.
  for (index_t g = groups; g > 0; --g) { group_offsets[g] = group_offsets[g - 1]; }
  group_offsets[0] = 0;
  for (index_t g = 0; g < groups; ++g) {
    index_t const begin = group_offsets[g];
    detail::sort_by_score(score, order.part(begin, group_offsets[g + 1] - begin));
  }
}

/// Cuts every group into levels of equal size: offsets of `levels` levels for each group in turn,
/// for `per_group`. `offsets` holds groups * levels + 1 elements.
inline void levels_within_groups(vector_view<index_t const> group_offsets, index_t levels,
                                 vector_view<index_t> offsets)
{
  constexpr char const* name = "levels_within_groups";
  if (levels < 1) { detail::throw_invalid(name, "levels", "1 or more", std::to_string(levels)); }
  if (group_offsets.size() < 2) {
    detail::throw_invalid(name, "column 'group_offsets'", "groups + 1 elements, at least 2",
                          std::to_string(group_offsets.size()));
  }
  check_levels({group_offsets}, group_offsets[group_offsets.size() - 1]);
  index_t const groups = group_offsets.size() - 1;
  index_t const most = (std::numeric_limits<index_t>::max() - 1) / groups;
  if (levels > most) {
    detail::throw_invalid(
        name, "levels", std::to_string(most) + " or fewer of " + std::to_string(groups) + " groups",
        std::to_string(levels));
  }
  detail::require_extent(name, "offsets", groups * levels + 1, offsets.size());
  for (index_t g = 0; g < groups; ++g) {
    vector_view<index_t> const own = offsets.part(g * levels, levels + 1);
    levels_of_equal_size(group_offsets[g + 1] - group_offsets[g], own);
    for (index_t k = 0; k <= levels; ++k) { own[k] += group_offsets[g]; }
  }
}

}  // namespace prefopt
