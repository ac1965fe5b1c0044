// SPDX-License-Identifier: MIT
#pragma once
/// \file  Ranking again between the levels of a run, without a change to what has been seen.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/rank.hpp>

namespace prefopt {

/// Ranks the samples at the ranks from `first` on by new scores, easy to hard; those before it stay
/// where they are. With levels of the ranking, `first` = offsets[level] keeps the levels below.
///
/// `scores` has one element for every sample, by its index; those of samples that stay are not
/// read. The order is that of `rank_easy_to_hard`: ascending score, equal scores by ascending
/// index, whatever their order was. Throws `std::invalid_argument` and changes nothing for a rank
/// outside 0 to the number of samples, a NaN among the scores read, with its sample, and an index
/// outside the scores. Works in the memory of `order` and allocates nothing.
template <tensor_of_rank<1> Scores>
void rerank_from(Scores const& scores, vector_view<index_t> order, index_t first)
{
  constexpr char const* name = "rerank_from";
  using real = typename detail::traits_of<Scores>::element_type;
  vector_view<real const> const score(scores);
  detail::require_extent(name, "order", score.size(), order.size());
  if (order.stride != 1 && order.size() > 1) {
    detail::throw_invalid(name, "column 'order'", "stride 1", std::to_string(order.stride));
  }
  if (first < 0 || first > order.size()) {
    detail::throw_invalid(name, "first", "a rank from 0 to " + std::to_string(order.size()),
                          std::to_string(first));
  }
  for (index_t r = first; r < order.size(); ++r) {
    index_t const sample = order[r];
    if (sample < 0 || sample >= score.size()) {
      detail::throw_invalid(name, "order[" + std::to_string(r) + "]",
                            "an index below " + std::to_string(score.size()),
                            std::to_string(sample));
    }
    if (score[sample] != score[sample]) { detail::throw_nan_score(name, sample); }
  }
  detail::sort_by_score(score, order.part(first, order.size() - first));
}

}  // namespace prefopt
