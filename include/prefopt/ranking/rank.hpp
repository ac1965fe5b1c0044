// SPDX-License-Identifier: MIT
#pragma once
/// \file  The easy-to-hard order of samples by their difficulty scores, and the random one.

#include <algorithm>
#include <cstdint>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

namespace detail {

/// One element for each score, one after the other.
template <class Space>
void require_order_column(index_t scores, vector_view<index_t, Space> order)
{
  constexpr char const* name = "rank_easy_to_hard";
  require_extent(name, "order", scores, order.size());
  if (order.stride != 1 && order.size() > 1) {
    throw_invalid(name, "column 'order'", "stride 1", std::to_string(order.stride));
  }
}

[[noreturn]] inline void throw_nan_score(char const* function, index_t sample)
{
  throw_invalid(function, "score of sample " + std::to_string(sample), "a number", "NaN");
}

}  // namespace detail

/// order[r] = index of the sample with the r-th lowest score.
///
/// A total order, hence the same on every machine: ascending score, equal scores (also 0 and -0)
/// by ascending index. -infinity ranks first and +infinity last, among themselves by index. Throws
/// `std::invalid_argument` naming the first sample whose score is NaN, and when `order` has another
/// length or is not contiguous. Sorts in place in O(n log n) and allocates nothing.
template <tensor_of_rank<1> Scores>
void rank_easy_to_hard(Scores const& scores, vector_view<index_t> order)
{
  using real = typename detail::traits_of<Scores>::element_type;
  vector_view<real const> const score(scores);
  detail::require_order_column(score.size(), order);
  for (index_t i = 0; i < score.size(); ++i) {
    if (score[i] != score[i]) { detail::throw_nan_score("rank_easy_to_hard", i); }
    order[i] = i;
  }
  std::sort(order.data, order.data + order.size(), [score](index_t a, index_t b) {
    return score[a] < score[b] || (score[a] == score[b] && a < b);
  });
}

/// A ranking without difficulty: the baseline that tells the curriculum's order from its phases.
inline void rank_at_random(std::uint64_t seed, vector_view<index_t> order)
{
  permutation const shuffled(order.size(), seed);
  for (index_t r = 0; r < order.size(); ++r) { order[r] = shuffled(r); }
}

}  // namespace prefopt
