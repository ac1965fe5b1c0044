// SPDX-License-Identifier: MIT
#pragma once
/// \file  How hard a preference is, from how far apart its two sides are: reward margins, reference
/// margins, rating gaps and image sensitivity.

#include <type_traits>

#include <prefopt/core/branch.hpp>
#include <prefopt/core/columns.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/record.hpp>
#include <prefopt/core/score.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// What a margin of kind `Score` between the chosen answer and `Losing` is computed from.
template <class Real, class Score = score::log_ratio, class Losing = branch::rejected>
using margin_input =
    preference_record<vector_view<Real const>, vector_view<Real const>,
                      Score::template columns<branch::chosen> | Score::template columns<Losing>>;

// clang-format off
/// scores[i] = -(Score of the chosen answer - Score of `Losing`): a wide margin is easy.
///
///     score_margins<float>({.chosen = pc, .rejected = pr, .ref_chosen = rc, .ref_rejected = rr},
///     s);
///
/// | difficulty | Score, Losing |
/// |---|---|
/// | reward margin (of the policy against its reference) | `score::log_ratio` |
/// | reference margin (sDPO, arXiv 2403.19270: pairs the reference tells apart come first) | `score::log_prob`, with the reference's columns as `chosen` and `rejected` |
/// | image sensitivity: the answer with the image less without it | `score::log_prob` or `score::log_ratio`, `branch::perturbed<0>` |
/// | each of them free of length | `score::mean_log_ratio`, `score::mean_log_prob` |
///
/// NaN passes through to the ranking, which refuses it by its index; so do -infinity less -infinity
/// and a length of 0. Throws `std::invalid_argument` when a column is missing or of another length.
// clang-format on
template <class Real, class Score = score::log_ratio, class Losing = branch::rejected>
void score_margins(margin_input<Real, Score, Losing> const& in, vector_view<Real> scores)
{
  constexpr char const* name = "score_margins";
  using record =
      preference_record<Real, Real,
                        Score::template columns<branch::chosen> | Score::template columns<Losing>>;
  index_t const n = detail::batch_extent(name, in);
  detail::require_extent(name, "scores", n, scores.size());
  for (index_t i = 0; i < n; ++i) {
    auto const x = detail::load_record<record, Real>(in, i);
    scores[i] = Score{}.template of<Losing>(x) - Score{}.template of<branch::chosen>(x);
  }
}

/// scores[i] = -(chosen[i] - rejected[i]) of two columns of any origin, such as ratings: the widest
/// gap first (Curri-DPO, arXiv 2403.07230). Throws `std::invalid_argument` when lengths differ.
template <class Real>
void score_gaps(std::type_identity_t<vector_view<Real const>> chosen,
                std::type_identity_t<vector_view<Real const>> rejected, vector_view<Real> scores)
{
  constexpr char const* name = "score_gaps";
  detail::require_extent(name, "rejected", chosen.size(), rejected.size());
  detail::require_extent(name, "scores", chosen.size(), scores.size());
  for (index_t i = 0; i < scores.size(); ++i) { scores[i] = rejected[i] - chosen[i]; }
}

}  // namespace prefopt
