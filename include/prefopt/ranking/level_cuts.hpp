// SPDX-License-Identifier: MIT
#pragma once
/// \file  Exact levels without a ranking: the samples at which the easy-to-hard order is cut.

#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/rank_selection.hpp>

namespace prefopt {

/// Between two levels: the easiest sample of the harder one.
template <class Real>
struct level_cut {
  Real score;      ///< +infinity where no sample is harder
  index_t sample;  ///< and here the number of samples

  /// Whether a sample belongs below the cut: easier, or as hard and of a lower index.
  PREFOPT_HD constexpr bool is_above(Real its_score, index_t its_index) const
  {
    return its_score < score || (its_score == score && its_index < sample);
  }
  PREFOPT_HD constexpr bool operator==(level_cut const& other) const
  {
    return score == other.score && sample == other.sample;
  }
};

/// Level of one sample: the number of cuts that it is not below, by O(log levels) comparisons. For
/// device code too, with cuts that lie there. NaN, which has no place, gets the last level.
template <class Real, class Space>
PREFOPT_HD constexpr index_t level_of_sample(std::type_identity_t<Real> score, index_t sample,
                                             vector_view<level_cut<Real> const, Space> cuts)
{
  index_t low = 0;
  for (index_t high = cuts.size(); low < high;) {
    index_t const middle = low + (high - low) / 2;
    if (cuts[middle].is_above(score, sample)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// Elements of workspace for `level_cuts`: 65536 and, for each thread, 65536 min(cuts, 16), 512 KiB
/// of each; and a few for each cut. 1.5 MiB for tertiles on one thread, however many scores.
template <class Real>
constexpr index_t level_cuts_workspace(index_t cuts, int threads = 1)
{
  return detail::rank_selection<Real, detail::compile_target>::memory(cuts, threads);
}

namespace detail {

/// Checks the arguments of `level_cuts` and returns the ranks at which samples are looked for.
template <class Real>
vector_view<index_t const> ranks_of_cuts(char const* name, index_t samples, level_view levels,
                                         vector_view<level_cut<Real>> cuts)
{
  check_levels(levels, samples);
  index_t inner = levels.count() - 1;
  require_extent(name, "cuts", inner, cuts.size());
  for (; inner > 0 && levels.offsets[inner] == samples; --inner) {
    cuts[inner - 1] = {infinity_v<Real>, samples};
  }
  return levels.offsets.part(1, inner);
}

/// The cuts at ranks that lie below the number of scores, by `run` in so many chunks.
template <class Target, class Real, class Run>
void cuts_at_ranks(char const* name, vector_view<Real const> scores,
                   vector_view<index_t const> ranks, vector_view<level_cut<Real>> cuts,
                   index_t chunks, vector_view<index_t> memory, Run const& run)
{
  auto const look_for_nan = [name, scores] {
    for (index_t i = 0; i < scores.size(); ++i) {
      if (scores[i] != scores[i]) { throw_nan_score(name, i); }
    }
  };
  if (ranks.size() == 0) { return look_for_nan(); }
  rank_selection<Real, Target> selection(scores, ranks, chunks, memory);
  selection.find(run, look_for_nan);
  for (index_t k = 0; k < ranks.size(); ++k) {
    index_t const i = selection.sample(k);
    cuts[k] = {scores[i] + Real(0), i};  // -0 is 0
  }
}

}  // namespace detail

/// Cuts a set into levels without ranking it: cuts[k] is the sample at rank levels.offsets[k + 1]
/// of the order that `rank_easy_to_hard` would give, ties by index, so that `level_of_sample` puts
/// every sample where a cut of that order would.
///
///     levels_of_equal_size(scores.size(), offsets);      // 4 of them: tertiles
///     level_cuts(scores, {offsets}, cuts, workspace);    // 2 cuts
///     level_of_sample(scores[i], i, vector_view<level_cut<float> const>(cuts));
///
/// By counting digits of the scores, which are float or double of any stride, read from first to
/// last two to four times and neither copied nor moved: O(samples) whatever their distribution, and
/// up to four cuts at the speed of one. The same result for any number of threads. `cuts` holds one
/// element less than there are levels; cuts at the number of samples are +infinity. `workspace`
/// holds `level_cuts_workspace<Real>(cuts, threads)` elements or more, one after the other; nothing
/// is allocated. Throws `std::invalid_argument` where these do not fit, for levels as
/// `check_levels`, and naming the first sample whose score is NaN.
template <tensor_of_rank<1> Scores, class Target = detail::compile_target>
void level_cuts(Scores const& score_column, level_view levels,
                vector_view<level_cut<typename detail::traits_of<Scores>::element_type>> cuts,
                vector_view<index_t> workspace, int threads = 1)
{
  using real = typename detail::traits_of<Scores>::element_type;
  constexpr char const* name = "level_cuts";
  vector_view<real const> const scores(score_column);
  detail::require_threads(name, threads);
  auto const ranks = detail::ranks_of_cuts(name, scores.size(), levels, cuts);
  detail::require_workspace(name, level_cuts_workspace<real>(levels.count() - 1, threads),
                            workspace);
  detail::cuts_at_ranks<Target>(name, scores, ranks, cuts, threads, workspace,
                                detail::run_on_host<Target>{});
}

}  // namespace prefopt
