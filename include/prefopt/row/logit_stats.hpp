// SPDX-License-Identifier: MIT
#pragma once
/// \file  Online softmax statistics as commutative monoids: of logits, and of one token.

#include <cmath>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// What one pass over a set of logits has to keep for log-normaliser and entropy.
///
/// `push` and `merge` form a commutative monoid with identity `logit_stats{}`: a row may be split
/// over lanes, threads, blocks, vocabulary shards or ranks, in any order. A logit of -inf (masked
/// vocabulary) contributes nothing; NaN and +inf make every result NaN.
template <class Real>
struct logit_stats {
  Real max = -infinity_v<Real>;
  Real sum_exp = Real(0);    ///< sum of e^(x - max); 0 means that nothing was pushed
  Real sum_shift = Real(0);  ///< sum of e^(x - max) (x - max)

  PREFOPT_HD void push(Real x)
  {
    if (x == -infinity_v<Real>) { return; }
    Real const zero = x - x;  // NaN for NaN and +inf
    merge({x, Real(1) + zero, zero});
  }

  PREFOPT_HD void merge(logit_stats const& other)
  {
    // Emptiness is sum_exp == 0, not max == -inf: a NaN has no maximum, but must not vanish.
    if (other.sum_exp == Real(0)) { return; }
    if (sum_exp == Real(0)) {
      *this = other;
    } else if (other.max > max) {
      logit_stats const mine = *this;
      *this = other;
      add_lower(mine);
    } else {
      add_lower(other);
    }
  }

  /// log sum e^x; -inf where there is no logit but -inf.
  PREFOPT_HD Real log_normalizer() const
  {
    using std::log;
    return sum_exp == Real(0) ? -infinity_v<Real> : max + log(sum_exp);
  }

  /// log softmax of a logit x of this set, without rounding the normaliser first.
  PREFOPT_HD Real log_prob(Real x) const
  {
    using std::log;
    return sum_exp == Real(0) ? -infinity_v<Real> : (x - max) - log(sum_exp);
  }

  /// Entropy -sum p log p in nats; 0 where there is no logit but -inf.
  PREFOPT_HD Real entropy() const
  {
    using std::log;
    return sum_exp == Real(0) ? Real(0) : log(sum_exp) - sum_shift / sum_exp;
  }

 private:
  PREFOPT_HD void add_lower(logit_stats const& low)
  {
    using std::exp;
    // Further down is e^shift = 0 too, and 0 times a shift that overflowed would be NaN.
    Real const shift = prefopt::max(low.max - max, Real(-800));
    Real const scale = exp(shift);
    sum_exp += scale * low.sum_exp;
    sum_shift += scale * (low.sum_shift + shift * low.sum_exp);
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

/// The statistics of (a part of) a row with its target logit. Shards of the vocabulary are merged;
/// a shard that does not hold the target leaves `target_logit` as it is.
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
    return {logits.log_prob(target_logit), logits.entropy(), logits.log_normalizer()};
  }
};

}  // namespace prefopt
