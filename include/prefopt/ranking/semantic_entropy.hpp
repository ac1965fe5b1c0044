// SPDX-License-Identifier: MIT
#pragma once
/// \file  Semantic entropy: how many different things a policy says when it is asked again.

#include <cmath>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/sequence.hpp>

namespace prefopt {

/// Answers that were sampled for prompts, one after the other as a layout says (`make_packed`).
template <class Real>
struct answer_columns {
  /// The meaning of each answer: answers of a prompt with equal numbers mean the same. Any numbers;
  /// they need not be the same for another prompt.
  vector_view<index_t const> cluster;
  /// log p(answer | prompt), if clusters are to be weighted by it: the sum over tokens, or the mean
  /// (Farquhar et al. take the mean, a length-free variant).
  vector_view<Real const> log_prob{};
};

namespace detail {

/// Entropy of the clusters of answers [begin, end), O(answers^2) without memory. Each cluster is
/// met at its first answer.
template <class Real>
Real cluster_entropy(answer_columns<Real> const& in, index_t begin, index_t end)
{
  Real largest = -infinity_v<Real>;  // of the log-probabilities, so that no sum underflows
  for (index_t i = begin; i < end && in.log_prob; ++i) {
    largest = max(in.log_prob[i], largest);  // NaN propagates from the weights below
  }
  auto const weight = [&](index_t i) {
    return in.log_prob ? std::exp(in.log_prob[i] - largest) : Real(1);
  };
  Real total = 0;
  for (index_t i = begin; i < end; ++i) { total += weight(i); }
  Real entropy = 0;
  for (index_t i = begin; i < end; ++i) {
    bool first = true;
    for (index_t j = begin; j < i && first; ++j) { first = in.cluster[j] != in.cluster[i]; }
    if (!first) { continue; }
    Real mass = 0;
    for (index_t j = i; j < end; ++j) {
      if (in.cluster[j] == in.cluster[i]) { mass += weight(j); }
    }
    Real const p = mass / total;
    entropy -= select(p == Real(0), Real(0), p * std::log(p));  // 0 log 0 = 0, NaN propagates
  }
  return total == total && end > begin ? entropy : quiet_nan_v<Real>;
}

}  // namespace detail

/// scores[i] = -sum_C p(C) log p(C) over the clusters of the answers to prompt i, in nats: 0 where
/// all mean the same. p(C) is the share of answers in C (Farquhar et al. 2024, Nature 630,
/// "discrete semantic entropy"), or with `log_prob` sum_{s in C} p(s) / sum_s p(s) (their semantic
/// entropy; that of Kuhn et al. 2023, arXiv 2302.09664, is the plain mean of -log sum_{s in C} p(s)
/// over the clusters). Answers that were sampled twice count twice.
///
/// MFPO cites it and prints another formula, `token_entropy_sum`. A prompt without answers has none
/// (NaN), nor has one whose answers all have log_prob -infinity or one of whose is NaN: the ranking
/// refuses these by their index. Throws `std::invalid_argument` when the layout leaves the columns
/// or a length does not fit. Allocates nothing.
template <class Real, class Layout>
void score_semantic_entropy(Layout const& layout,
                            std::type_identity_t<answer_columns<Real>> const& answers,
                            vector_view<Real> scores)
{
  constexpr char const* name = "score_semantic_entropy";
  index_t const total = answers.cluster.size();
  detail::check_layout(name, layout, total);
  if (answers.log_prob) {
    detail::require_extent(name, "log_prob", total, answers.log_prob.size());
  }
  detail::require_extent(name, "scores", layout.size(), scores.size());
  for (index_t i = 0; i < layout.size(); ++i) {
    scores[i] = detail::cluster_entropy<Real>(answers, layout.begin(i), layout.end(i));
  }
}

}  // namespace prefopt
