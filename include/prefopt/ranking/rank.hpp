// SPDX-License-Identifier: MIT
#pragma once
/// \file  The easy-to-hard order of samples by their difficulty scores, and the random one.

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/rank_words.hpp>

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

/// Enough elements, one after the other.
inline void require_workspace(char const* function, index_t needed, vector_view<index_t> workspace)
{
  if (workspace.size() < needed || (workspace.stride != 1 && needed > 0)) {
    throw_invalid(
        function, "workspace", std::to_string(needed) + " elements or more, stride 1",
        std::to_string(workspace.size()) + " elements, stride " + std::to_string(workspace.stride));
  }
}

[[noreturn]] inline void throw_nan_score(char const* function, index_t sample)
{
  throw_invalid(function, "score of sample " + std::to_string(sample), "a number", "NaN");
}

/// Whether samples are sorted as words: by digits, not by comparison.
template <class Real>
constexpr bool ranks_by_words = std::is_same_v<Real, float> || std::is_same_v<Real, double>;

template <class Real>
void require_rankable(vector_view<Real const> score, vector_view<index_t> order)
{
  require_order_column(score.size(), order);
  for (index_t i = 0; i < score.size(); ++i) {
    if (score[i] != score[i]) { throw_nan_score("rank_easy_to_hard", i); }
  }
}

inline void list_samples(vector_view<index_t> order)
{
  for (index_t i = 0; i < order.size(); ++i) { order[i] = i; }
}

inline std::uint64_t* words_of(vector_view<index_t> column)
{
  return reinterpret_cast<std::uint64_t*>(column.data);
}

/// Sorts samples by score, ties by index, in the memory of their contiguous column.
template <class Real>
void sort_by_score(vector_view<Real const> score, vector_view<index_t> samples)
{
  if constexpr (ranks_by_words<Real>) {
    if (score.size() <= most_indexed_words) {
      rank_words_in_place(score, words_of(samples), samples.size());
      return;
    }
  }
  std::sort(samples.data, samples.data + samples.size(), [score](index_t a, index_t b) {
    return score[a] < score[b] || (score[a] == score[b] && a < b);
  });
}

}  // namespace detail

/// order[r] = index of the sample with the r-th lowest score.
///
/// A total order, hence the same on every machine: ascending score, equal scores (also 0 and -0)
/// by ascending index. -infinity ranks first and +infinity last, among themselves by index. Throws
/// `std::invalid_argument` naming the first sample whose score is NaN, and when `order` has another
/// length or is not contiguous.
///
/// Works in the memory of `order` and allocates nothing. Up to 2^32 scores of float or double are
/// sorted by digits, others by comparison in O(n log n).
template <tensor_of_rank<1> Scores>
void rank_easy_to_hard(Scores const& scores, vector_view<index_t> order)
{
  using real = typename detail::traits_of<Scores>::element_type;
  vector_view<real const> const score(scores);
  detail::require_rankable(score, order);
  detail::list_samples(order);
  detail::sort_by_score(score, order);
}

/// Elements of workspace with which `rank_easy_to_hard` is about three times as fast.
constexpr index_t rank_workspace(index_t samples)
{
  return samples;
}

/// The same order with a workspace of `rank_workspace(samples)` elements or more, one after the
/// other: sorted by digits from the last to the first, O(n) for float and double. Throws
/// `std::invalid_argument` for a workspace that is too small, too.
template <tensor_of_rank<1> Scores>
void rank_easy_to_hard(Scores const& scores, vector_view<index_t> order,
                       vector_view<index_t> workspace)
{
  using real = typename detail::traits_of<Scores>::element_type;
  vector_view<real const> const score(scores);
  detail::require_rankable(score, order);
  detail::require_workspace("rank_easy_to_hard", rank_workspace(score.size()), workspace);
  if constexpr (detail::ranks_by_words<real>) {
    if (score.size() <= detail::most_indexed_words) {
      detail::rank_words(score, detail::words_of(order), detail::words_of(workspace));
      return;
    }
  }
  detail::list_samples(order);
  detail::sort_by_score(score, order);
}

/// A ranking without difficulty: the baseline that tells the curriculum's order from its phases.
inline void rank_at_random(std::uint64_t seed, vector_view<index_t> order)
{
  permutation const shuffled(order.size(), seed);
  for (index_t r = 0; r < order.size(); ++r) { order[r] = shuffled(r); }
}

}  // namespace prefopt
