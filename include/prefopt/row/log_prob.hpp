// SPDX-License-Identifier: MIT
#pragma once
/// \file  Log-probability, entropy and log-normaliser of one row of logits, and their gradient,
/// written once for every executor.

#include <cmath>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/row/executor.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/logit_stats.hpp>
#include <prefopt/row/logit_transform.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// dL / d(each member of a `row_log_prob_result`).
template <class Real>
struct row_log_prob_seeds {
  Real d_log_prob = Real(0);
  Real d_entropy = Real(0);
  Real d_log_normalizer = Real(0);

  PREFOPT_HD constexpr bool are_zero() const
  {
    return d_log_prob == Real(0) && d_entropy == Real(0) && d_log_normalizer == Real(0);
  }
};

namespace detail {

template <class Real>
struct push_logit {
  logit_map<Real> map;

  template <class Logit>
  PREFOPT_HD void operator()(logit_stats<Real>& stats, Logit const& x, index_t) const
  {
    stats.push(map(to_real<Real>(x)), map.scale);
  }
};

/// A logit of the row as its map gives it, and its log-probability: those of all others follow from
/// their distance to it.
template <class Real>
struct known_log_prob {
  Real logit;
  Real log_prob;

  /// The target, where it is at hand and no less exact than the log-normaliser, which is rounded
  /// as a number of the logits' size: that is the log-probability -log_normalizer of a logit of 0.
  PREFOPT_HD static known_log_prob of(row_log_prob_result<Real> const& row, bool holds_target,
                                      Real target_logit)
  {
    using std::abs;
    bool const closer = abs(row.log_prob) <= abs(row.log_normalizer);  // not where it is -inf
    if (holds_target && closer) { return {target_logit, row.log_prob}; }
    return {Real(0), -row.log_normalizer};
  }
};

/// One element of the gradient with respect to the raw logits, for a map y(x) of raw logits:
/// dL/dy_j = d_log_prob (1[j = target] - p_j) - d_entropy p_j (log p_j + H) + d_log_normalizer p_j.
template <class Real, class Stored, class Map = logit_map<Real>>
struct logit_gradient {
  Map map;
  index_t target;
  row_log_prob_result<Real> row;
  row_log_prob_seeds<Real> seeds;
  known_log_prob<Real> known;

  template <class Logit>
  PREFOPT_HD Stored operator()(Logit const& x, index_t j) const
  {
    Real const raw = to_real<Real>(x);
    return from_real<Stored>(j == target ? at_target(raw) : elsewhere(raw));
  }

  template <class Scalar>
  PREFOPT_HD Scalar elsewhere(Scalar const& raw) const
  {
    Scalar const distance = Scalar(map.scale) * (map(raw) - Scalar(known.logit));
    Scalar const log_p = sum_of_rounded(distance, Scalar(known.log_prob));
    return chain(raw, log_p, d_probability(), Scalar(0));
  }

  PREFOPT_HD Real at_target(Real raw) const
  {
    using std::expm1;
    // 1 - p would cancel where the model is sure of the target.
    Real const own = seeds.d_log_prob * -expm1(row.log_prob);
    return chain(raw, row.log_prob, seeds.d_log_normalizer, own);
  }

  /// What every probability but the target's is multiplied by, beside the entropy's share.
  PREFOPT_HD Real d_probability() const { return seeds.d_log_normalizer - seeds.d_log_prob; }

  /// p (d_p - d_entropy (log p + H)).
  template <class Scalar>
  PREFOPT_HD Scalar share(Scalar const& p, Scalar const& log_p, Real d_p) const
  {
    return p * (Scalar(d_p - seeds.d_entropy * row.entropy) - Scalar(seeds.d_entropy) * log_p);
  }

 private:
  /// (share + own) y'(x), where p = 0 and masked logits get no share.
  template <class Scalar>
  PREFOPT_HD Scalar chain(Scalar const& raw, Scalar const& log_p, Real d_p, Scalar const& own) const
  {
    Scalar const p = probability(log_p);
    Scalar const gradient =
        (select(p == Scalar(0), Scalar(0), share(p, log_p, d_p)) + own) * map.slope(raw);
    return select(raw == Scalar(-infinity_v<Real>), Scalar(0), gradient);
  }
};

/// The gradient of a row by its elements. Reads the target's logit.
template <class Real, class Stored, class Logits>
PREFOPT_HD logit_gradient<Real, Stored> gradient_of_row(Logits const& logits, index_t target,
                                                        row_log_prob_result<Real> const& row,
                                                        row_log_prob_seeds<Real> const& seeds,
                                                        logit_transform<Real> const& transform)
{
  logit_map<Real> const map(transform);
  bool const holds_target = target >= 0 && target < logits.size();
  Real const own = holds_target ? map(to_real<Real>(logits[target])) : Real(0);
  return {map, target, row, seeds, known_log_prob<Real>::of(row, holds_target, own)};
}

template <class Stored>
struct zero_gradient {
  template <class Logit>
  PREFOPT_HD Stored operator()(Logit const&, index_t) const
  {
    return from_real<Stored>(0.0f);
  }
};

/// A row's gradient, or zeros: of a row that is ignored or has no seed, whatever its logits hold.
template <class Executor, class Logits, class Out, class Gradient>
PREFOPT_HD void write_gradient(Executor& ex, Logits const& logits, Out const& out, bool is_zero,
                               Gradient const& gradient)
{
  if (is_zero) {
    ex.transform(logits, out, zero_gradient<typename Out::element_type>{});
  } else {
    ex.transform(logits, out, gradient);
  }
}

}  // namespace detail

/// Statistics of one row, or of one vocabulary shard of it: merge the shards, then `result()`.
/// `target` is the index within this shard; any other number where another shard holds it. One
/// pass. An executor of one lane also goes on from the statistics `so_far` of other shards, which
/// costs it less than a merge.
template <class Real, row_executor<logit_stats<Real>> Executor, class Logits>
PREFOPT_HD token_stats<Real> row_stats(Executor& ex, Logits logits, index_t target,
                                       logit_transform<Real> const& transform = {},
                                       token_stats<Real> const& so_far = {})
{
  detail::logit_map<Real> const map(transform);
  token_stats<Real> stats{ex.reduce(logits, so_far.logits, detail::push_logit<Real>{map}),
                          so_far.target_logit};
  if (target >= 0 && target < logits.size()) {
    stats.target_logit = map(detail::to_real<Real>(logits[target]));
  }
  return stats;
}

/// log softmax(y)[target], entropy and log-normaliser of one row, y = transform(logits); valid in
/// every lane. One pass over memory; sums in `Real`.
///
/// A negative target is an ignored token: the row is not read and the result is zeros. A target
/// whose logit is -inf has log_prob -inf. NaN anywhere in the row gives NaN. Precondition:
/// target < logits.size().
template <class Real, row_executor<logit_stats<Real>> Executor, class Logits>
PREFOPT_HD row_log_prob_result<Real> row_log_prob(Executor& ex, Logits logits, index_t target,
                                                  logit_transform<Real> const& transform = {})
{
  if (target < 0) { return {}; }
  return row_stats<Real>(ex, logits, target, transform).result();
}

/// Writes dL/d(raw logits) of one row, for the result that `row_log_prob` gave with the same
/// target and transform, and the seeds dL/d(result). `out` may be the same memory as `logits`, or
/// of another type; each element is rounded once, to nearest; half way cases of bf16 as the
/// executor has it.
///
/// A vocabulary shard takes the result of the whole row, and a target >= logits.size() where
/// another shard holds it. A masked logit (-inf) gets gradient 0, also as the target. An ignored
/// token (negative target) or one whose seeds are all 0 gets a row of zeros, whatever its logits
/// hold.
template <class Real, row_executor<logit_stats<Real>> Executor, class Logits, class Out>
PREFOPT_HD void row_log_prob_gradient(Executor& ex, Logits logits, Out out, index_t target,
                                      row_log_prob_result<Real> const& row,
                                      row_log_prob_seeds<Real> const& seeds,
                                      logit_transform<Real> const& transform = {})
{
  using stored = typename Out::element_type;
  auto const gradient =
      detail::gradient_of_row<Real, stored>(logits, target, row, seeds, transform);
  ex.barrier();  // every lane has read logits[target] before any lane overwrites it
  detail::write_gradient(ex, logits, out, target < 0 || seeds.are_zero(), gradient);
}

static_assert(check_row_executor<serial_executor, logit_stats<float>>());

}  // namespace prefopt
PREFOPT_INLINED_END
