// SPDX-License-Identifier: MIT
#pragma once
/// \file  Online softmax statistics as commutative monoids: of logits, and of one token.

#include <cmath>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// What one pass over a set of logits has to keep for log-normaliser and entropy.
///
/// `push` and `merge` form a commutative monoid with identity `logit_stats{}`: a row may be split
/// over lanes, threads, blocks, vocabulary shards or ranks, in any order. A logit of -inf (masked
/// vocabulary) contributes nothing; NaN and +inf make every result NaN.
///
/// The softmax is that of scale x. Scaling differences from the maximum, instead of every x, keeps
/// digits where logits are large; the scale is part of the state, so that `merge` needs no
/// argument, and is the same in all states that are merged.
template <class Real>
struct logit_stats {
  Real max = -infinity_v<Real>;  ///< of the x; -inf means that nothing was pushed
  /// Sum of e^(scale (x - max)) over all but one largest x. Its e^0 = 1 is left out, because beside
  /// it the digits of a small rest, which is 1 - p of a model that is sure, would be lost.
  Real rest = Real(0);
  Real sum_shift = Real(0);  ///< sum of e^(scale (x - max)) scale (x - max)
  Real scale = Real(1);

  PREFOPT_HD void push(Real x, Real scale_of_x = Real(1))
  {
    if (x == -infinity_v<Real>) { return; }
    Real const zero = x - x;  // NaN for NaN and +inf
    merge({x, zero, zero, scale_of_x});
  }

  PREFOPT_HD void merge(logit_stats const& other)
  {
    if (other.is_empty()) { return; }
    if (is_empty()) {
      *this = other;
    } else if (other.max > max) {
      logit_stats const mine = *this;
      *this = other;
      add_lower(mine);
    } else {
      add_lower(other);
    }
  }

  PREFOPT_HD bool is_empty() const { return max == -infinity_v<Real>; }

  /// log sum e^(scale (x - max)): what the three below have in common, and most of their cost.
  PREFOPT_HD Real log_sum() const
  {
    if constexpr (detail::for_device) {
      using std::log1p;
      return log1p(rest);
    } else {
      using std::log;
      // The same in less time than C libraries take for log1p, which short rows would wait for
      // (Goldberg 1991, "What every computer scientist should know", theorem 4; from rest = 3/4 on
      // the quotient is 1 to an ulp).
      Real const sum = Real(1) + rest;
      return sum == Real(1) ? rest : log(sum) * (rest / (sum - Real(1)));
    }
  }

  /// log sum e^(scale x); -inf where there is no logit but -inf.
  PREFOPT_HD Real log_normalizer() const { return log_normalizer(log_sum()); }
  PREFOPT_HD Real log_normalizer(Real known_log_sum) const
  {
    return is_empty() ? max : detail::sum_of_rounded(scale * max, known_log_sum);
  }

  /// log softmax of a logit x of this set, without rounding the normaliser first: relative to its
  /// own size also where x has nearly all the probability.
  PREFOPT_HD Real log_prob(Real x) const { return log_prob(x, log_sum()); }
  PREFOPT_HD Real log_prob(Real x, Real known_log_sum) const
  {
    return is_empty() ? max : scale * (x - max) - known_log_sum;
  }

  /// Entropy -sum p log p in nats; 0 where there is no logit but -inf.
  PREFOPT_HD Real entropy() const { return entropy(log_sum()); }
  PREFOPT_HD Real entropy(Real known_log_sum) const
  {
    return is_empty() ? Real(0) : known_log_sum - sum_shift / (Real(1) + rest);
  }

 private:
  PREFOPT_HD void add_lower(logit_stats const& low)
  {
    using std::exp;
    // Further down is e^shift = 0 too, and 0 times a shift that overflowed would be NaN.
    Real const shift = prefopt::max(scale * (low.max - max), Real(-800));
    Real const weight = exp(shift);
    Real const sum = Real(1) + low.rest;
    rest += weight * sum;
    sum_shift += weight * (low.sum_shift + shift * sum);
  }
};

/// What is known of one token after its row: natural log-probability of the target, entropy of
/// the distribution, log sum e^x (z-loss is its square). An ignored token has zeros.
template <class Real>
struct row_log_prob_result {
  Real log_prob;
  Real entropy;
  Real log_normalizer;
};

/// The statistics of (a part of) a row with its target logit, unscaled as `logits.max` is. Shards
/// of the vocabulary are merged; a shard that does not hold the target leaves `target_logit` as it
/// is.
template <class Real>
struct token_stats {
  logit_stats<Real> logits{};
  Real target_logit = -infinity_v<Real>;

  PREFOPT_HD void merge(token_stats const& other)
  {
    logits.merge(other.logits);
    if (!(other.target_logit == -infinity_v<Real>)) { target_logit = other.target_logit; }
  }

  PREFOPT_HD row_log_prob_result<Real> result() const
  {
    Real const log_sum = logits.log_sum();
    return {logits.log_prob(target_logit, log_sum), logits.entropy(log_sum),
            logits.log_normalizer(log_sum)};
  }
};

}  // namespace prefopt
PREFOPT_INLINED_END
