// SPDX-License-Identifier: MIT
#pragma once
/// \file  How hard a sample is for a policy, from the row statistics of one forward pass.
///
/// The policy is the one the training starts from, the answer the policy's own, with the original
/// image: arXiv 2410.15334, section 3.3, scores before training and leaves the rest open.

#include <cmath>
#include <concepts>
#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/sequence.hpp>

namespace prefopt {

/// -p log p of the token that was predicted, p = e^log_prob, in nats: at most 1/e, there at
/// p = 1/e. A log_prob of -infinity gives 0, the limit; NaN propagates; rounding above 0 is not
/// clamped.
struct token_entropy {
  static constexpr bool needs_entropy = false;

  template <class Real>
  PREFOPT_HD Real operator()(Real log_prob, Real) const
  {
    return target_entropy_of(log_prob);
  }
};

/// Entropy of the whole distribution over the vocabulary at the token, in nats.
struct vocabulary_entropy {
  static constexpr bool needs_entropy = true;

  template <class Real>
  PREFOPT_HD constexpr Real operator()(Real, Real entropy) const
  {
    return entropy;
  }
};

/// -log p of the token, in nats; +infinity for an impossible token.
struct negative_log_likelihood {
  static constexpr bool needs_entropy = false;

  template <class Real>
  PREFOPT_HD constexpr Real operator()(Real log_prob, Real) const
  {
    return -log_prob;
  }
};

/// Adds up `Term` over the tokens of one answer. `push` and `merge` form a commutative monoid with
/// identity `token_sum{}` up to the rounding of sums, so an answer may be split in any way. An
/// answer without tokens scores 0. NaN propagates.
template <class Term, class Real>
struct token_sum {
  using term = Term;
  using real = Real;

  Real sum = Real(0);

  PREFOPT_HD void push(Real log_prob, Real entropy) { sum += Term{}(log_prob, entropy); }
  PREFOPT_HD constexpr void merge(token_sum const& other) { sum += other.sum; }
  PREFOPT_HD constexpr Real score() const { return sum; }
};

/// The same divided by the number of tokens. An answer without tokens has no mean: its score is
/// NaN, which the ranking rejects by the sample's index.
template <class Term, class Real>
struct token_mean {
  using term = Term;
  using real = Real;

  Real sum = Real(0);
  index_t count = 0;

  PREFOPT_HD void push(Real log_prob, Real entropy)
  {
    sum += Term{}(log_prob, entropy);
    count += 1;
  }
  PREFOPT_HD constexpr void merge(token_mean const& other)
  {
    sum += other.sum;
    count += other.count;
  }
  PREFOPT_HD constexpr Real score() const
  {
    return count == 0 ? quiet_nan_v<Real> : sum / static_cast<Real>(count);
  }
};

/// MFPO's difficulty, H = -sum_i p_i log p_i over the answer's tokens (arXiv 2410.15334, section
/// 3.3). It grows with the length of the answer, and very unlikely tokens count little again: 20
/// tokens of probability .05 score 3.0, of .37 they score 7.4.
template <class Real>
using token_entropy_sum = token_sum<token_entropy, Real>;
/// The same per token: does not grow with length.
template <class Real>
using token_entropy_mean = token_mean<token_entropy, Real>;
/// Mean entropy over the vocabulary.
template <class Real>
using vocabulary_entropy_mean = token_mean<vocabulary_entropy, Real>;
/// Mean negative log-likelihood, the logarithm of the perplexity.
template <class Real>
using nll_mean = token_mean<negative_log_likelihood, Real>;
/// Negative log-likelihood of the answer.
template <class Real>
using nll_sum = token_sum<negative_log_likelihood, Real>;

/// A score that is gathered token by token, in any order and in parts.
template <class Score>
concept difficulty_score =
    std::default_initializable<Score> && std::is_trivially_copyable_v<Score> &&
    requires(Score s, Score const& other, typename Score::real x) {
      { Score::term::needs_entropy } -> std::convertible_to<bool>;
      s.push(x, x);
      s.merge(other);
      { other.score() } -> std::same_as<typename Score::real>;
    };
static_assert(difficulty_score<token_entropy_sum<float>>);
static_assert(difficulty_score<token_entropy_mean<double>>);

/// scores[i] = difficulty of sequence i of a layout (`make_packed(offsets)` or `padded_sequences`),
/// summed in the score's own precision. Masked tokens are left out; weights play no role.
///
///     score_sequences<token_entropy_sum<double>>(make_packed(offsets), {.log_prob = l}, scores);
///
/// Throws `std::invalid_argument` when a column is missing or has another length, or when the
/// layout leaves the columns. Allocates nothing.
template <difficulty_score Score, class Real = typename Score::real, class Layout>
void score_sequences(Layout const& layout, std::type_identity_t<token_columns<Real>> const& tokens,
                     vector_view<typename Score::real> scores)
{
  using real = typename Score::real;
  constexpr char const* name = "score_sequences";
  index_t const total = tokens.log_prob.size();
  detail::check_layout(name, layout, total);
  detail::check_tokens(name, total, tokens);
  detail::require_extent(name, "scores", layout.size(), scores.size());
  if (Score::term::needs_entropy) {
    detail::require_extent(name, "entropy", total, tokens.entropy.size());
  }
  for (index_t i = 0; i < layout.size(); ++i) {
    Score score{};
    for (index_t t = layout.begin(i); t < layout.end(i); ++t) {
      if (!detail::token_counts(tokens, t)) { continue; }
      score.push(static_cast<real>(tokens.log_prob[t]),
                 tokens.entropy ? static_cast<real>(tokens.entropy[t]) : real(0));
    }
    scores[i] = score.score();
  }
}

}  // namespace prefopt
