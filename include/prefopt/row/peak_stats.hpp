// SPDX-License-Identifier: MIT
#pragma once
/// \file  How peaked a row is: its greedy token and log sum p^2, beside what `row_log_prob` gives.

#include <cmath>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/row/executor.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/logit_stats.hpp>
#include <prefopt/row/logit_transform.hpp>

namespace prefopt {

/// `logit_stats` with what costs a second exponential or an index per logit. A monoid as that is,
/// with the same treatment of -inf, NaN and +inf; the plain pass stays as fast as it was.
template <class Real>
struct peak_stats {
  logit_stats<Real> logits{};
  /// Sum of e^(2 scale (x - max)) over all but one largest x, whose 1 is left out as in `rest`.
  Real rest_square = Real(0);
  index_t greedy = -1;  ///< the lowest index of a largest raw logit; -1 while there is none
  /// The raw logit there. A transform is increasing, but rounding (of a soft cap most of all) makes
  /// ties of logits that are not equal.
  Real greedy_logit = -infinity_v<Real>;

  /// Logit j of the row as the model wrote it, and as its map gives it.
  PREFOPT_HD void push(Real raw, Real x, index_t j, Real scale = Real(1))
  {
    if (x == -infinity_v<Real>) { return; }
    peak_stats one;
    one.logits.push(x, scale);
    one.rest_square = one.logits.rest;
    one.greedy = j;
    one.greedy_logit = raw;
    merge(one);
  }

  PREFOPT_HD void merge(peak_stats const& other)
  {
    using std::exp;
    if (other.logits.is_empty()) { return; }
    if (logits.is_empty()) {
      *this = other;
      return;
    }
    bool const rises = other.logits.max > logits.max;
    peak_stats const& high = rises ? other : *this;
    peak_stats const& low = rises ? *this : other;
    Real const shift = prefopt::max(high.logits.scale * (low.logits.max - high.logits.max),
                                    Real(-800));  // as in logit_stats
    Real const weight = exp(shift);
    Real const square = high.rest_square + weight * weight * (Real(1) + low.rest_square);
    bool const ties = other.greedy_logit == greedy_logit;
    if (other.greedy_logit > greedy_logit || (ties && other.greedy < greedy)) {
      greedy = other.greedy;
      greedy_logit = other.greedy_logit;
    }
    logits.merge(other.logits);
    rest_square = square;
  }

  /// log sum p^2, which is minus the Renyi entropy of order 2: 0 for a certain token, -log V for a
  /// uniform row. 0 where there is no logit but -inf.
  PREFOPT_HD Real log_collision() const
  {
    using std::log1p;
    return log1p(rest_square) - Real(2) * log1p(logits.rest);
  }
};

/// What is known of one token after its row, for WPO's weights and for accuracies.
template <class Real>
struct row_peak_result {
  row_log_prob_result<Real> row{};
  Real log_collision = Real(0);  ///< log sum_v p_v^2
  index_t greedy = -1;  ///< the token of greedy decoding; of several the lowest; -1: NaN or masked

  /// WPO's log-probability relative to the expected one under the policy (arXiv 2406.11827):
  /// log p_t - log sum_v p_v^2. Its mean over an answer, for both answers of a pair, is the log of
  /// the pair's weight.
  PREFOPT_HD Real adjustment() const { return row.log_prob - log_collision; }
};

namespace detail {

template <class Real>
struct push_peak {
  logit_map<Real> map;

  template <class Logit>
  PREFOPT_HD void operator()(peak_stats<Real>& stats, Logit const& x, index_t j) const
  {
    Real const raw = to_real<Real>(x);
    stats.push(raw, map(raw), j, map.scale);
  }
};

}  // namespace detail

/// `row_log_prob` with log sum p^2 and the greedy token, valid in every lane. A negative target is
/// an ignored token: the row is not read, and the result is zeros and no greedy token. A row with
/// NaN or +inf is NaN and has no greedy token. Precondition: target < logits.size().
template <class Real, row_executor<peak_stats<Real>> Executor, class Logits>
PREFOPT_HD row_peak_result<Real> row_peak(Executor& ex, Logits logits, index_t target,
                                          logit_transform<Real> const& transform = {})
{
  if (target < 0) { return {}; }
  detail::logit_map<Real> const map(transform);
  peak_stats<Real> const stats =
      ex.reduce(logits, peak_stats<Real>{}, detail::push_peak<Real>{map});
  token_stats<Real> const token{stats.logits, map(detail::to_real<Real>(logits[target]))};
  Real const log_collision = stats.log_collision();
  bool const is_nan = log_collision != log_collision;
  return {token.result(), log_collision, is_nan ? index_t(-1) : stats.greedy};
}

static_assert(check_row_executor<serial_executor, peak_stats<float>>());

}  // namespace prefopt
