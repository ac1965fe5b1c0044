// SPDX-License-Identifier: MIT
#pragma once
/// \file  Divergence between the policy's and the reference's distribution of one token, and its
/// gradient, written once for every executor.

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/row/executor.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/logit_stats.hpp>
#include <prefopt/row/logit_transform.hpp>
#include <prefopt/row/probability_pair.hpp>

namespace prefopt {

/// Both divergences in nats, each at least 0.
template <class Real>
struct row_kl_result {
  Real reference_to_policy = Real(0);  ///< KL(reference || policy) = sum p_ref log(p_ref / p_pol)
  Real policy_to_reference = Real(0);  ///< KL(policy || reference)
};

/// dL / d(each member of a `row_kl_result`).
template <class Real>
struct row_kl_seeds {
  Real d_reference_to_policy = Real(0);
  Real d_policy_to_reference = Real(0);

  PREFOPT_HD constexpr bool are_zero() const
  {
    return d_reference_to_policy == Real(0) && d_policy_to_reference == Real(0);
  }
};

/// The state of all reductions of this file: the statistics of one row, or divergences. A monoid
/// because its parts are.
template <class Real>
struct kl_stats {
  logit_stats<Real> logits{};
  row_kl_result<Real> kl{};

  PREFOPT_HD void merge(kl_stats const& other)
  {
    logits.merge(other.logits);
    kl.reference_to_policy += other.kl.reference_to_policy;
    kl.policy_to_reference += other.kl.policy_to_reference;
  }
};

/// What the forward pass knows of a pair of rows, and the gradient needs.
template <class Real>
struct row_pair_stats {
  logit_stats<Real> policy{};
  logit_stats<Real> reference{};
  row_kl_result<Real> kl{};
};

namespace detail {

template <class Real>
struct push_row_logit {
  logit_map<Real> map;

  template <class Logit>
  PREFOPT_HD void operator()(kl_stats<Real>& stats, Logit const& x, index_t) const
  {
    stats.logits.push(map(to_real<Real>(x)), map.scale);
  }
};

/// Goes through the policy's row and looks up the reference's.
template <class Real, class Reference, class Map = logit_map<Real>>
struct push_kl {
  row_pair_map<Real, Map> pair;
  Reference reference;

  template <class Logit>
  PREFOPT_HD void operator()(kl_stats<Real>& stats, Logit const& x, index_t j) const
  {
    auto const p = pair(to_real<Real>(x), to_real<Real>(reference[j]));
    stats.kl.reference_to_policy += p.reference_to_policy();
    stats.kl.policy_to_reference += p.policy_to_reference();
  }
};

/// One element of the gradient by the policy's raw logits x, y(x) their map:
/// ((p_pol - p_ref) d_1 + p_pol (log(p_pol / p_ref) - KL(pol || ref)) d_2) y'(x).
template <class Real, class Map = logit_map<Real>>
struct kl_slope {
  row_pair_map<Real, Map> pair;
  row_kl_seeds<Real> seeds;
  Real policy_to_reference;

  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& raw, Scalar const& reference_raw) const
  {
    auto const p = pair(raw, reference_raw);
    Scalar gradient(0.0f);
    if (seeds.d_reference_to_policy != Real(0)) {
      gradient = Scalar(seeds.d_reference_to_policy) * p.difference();
    }
    if (seeds.d_policy_to_reference != Real(0)) {
      Scalar const change = p.policy * (p.log_ratio - Scalar(policy_to_reference));
      gradient = gradient + Scalar(seeds.d_policy_to_reference) *
                                select(p.policy == Scalar(0.0f), Scalar(0.0f), change);
    }
    return select(raw == Scalar(-infinity_v<Real>), Scalar(0.0f), gradient * pair.map.slope(raw));
  }
};

/// `kl_slope` on stored elements; adds to what `sum` holds where there is one.
template <class Real, class Stored, class Reference, class Out, class Map = logit_map<Real>>
struct kl_gradient {
  kl_slope<Real, Map> slope;
  Reference reference;
  Out sum;  ///< no data: overwrite

  template <class Logit>
  PREFOPT_HD Stored operator()(Logit const& x, index_t j) const
  {
    Real const gradient = slope(to_real<Real>(x), to_real<Real>(reference[j]));
    Real const before = sum.data != nullptr ? to_real<Real>(sum[j]) : Real(0);
    return from_real<Stored>(before + gradient);
  }
};

template <class Stored, class Out>
struct keep_or_zero {
  Out sum;

  template <class Logit>
  PREFOPT_HD Stored operator()(Logit const&, index_t j) const
  {
    return sum.data != nullptr ? sum[j] : from_real<Stored>(0.0f);
  }
};

/// KL(a || b) where one of the rows, or both, has no logit but -inf. NaN propagates.
template <class Real>
PREFOPT_HD Real kl_of_empty(logit_stats<Real> const& a, logit_stats<Real> const& b)
{
  Real const zero = Real(0) * a.entropy() + Real(0) * b.entropy();
  return zero + (a.is_empty() ? Real(0) : infinity_v<Real>);
}

}  // namespace detail

/// The statistics of each of one token's rows of raw logits, y = transform(logits) of both, without
/// their divergences: all that the gradient of KL(reference || policy) needs.
template <class Real, row_executor<kl_stats<Real>> Executor, class Policy, class Reference>
PREFOPT_HD row_pair_stats<Real> row_pair(Executor& ex, Policy policy, Reference reference,
                                         logit_transform<Real> const& transform = {})
{
  detail::push_row_logit<Real> const push{detail::logit_map<Real>(transform)};
  return {ex.reduce(policy, kl_stats<Real>{}, push).logits,
          ex.reduce(reference, kl_stats<Real>{}, push).logits};
}

/// Divergences of one token's rows: a third pass after those of `row_pair`. Sums in `Real`; the
/// rows may be of different types.
///
/// A token that has no probability in the row over which the expectation is taken contributes 0:
/// -inf logits (masked vocabulary), and what underflows in `Real`. KL(reference || policy) is +inf
/// where the policy masks a token that the reference can choose, and the other one the other way
/// round. A row without any logit but -inf has divergence 0 from any other. NaN propagates.
template <class Real, row_executor<kl_stats<Real>> Executor, class Policy, class Reference>
PREFOPT_HD row_pair_stats<Real> row_kl(Executor& ex, Policy policy, Reference reference,
                                       logit_transform<Real> const& transform = {})
{
  row_pair_stats<Real> rows = row_pair<Real>(ex, policy, reference, transform);
  if (rows.policy.is_empty() || rows.reference.is_empty()) {
    rows.kl = {detail::kl_of_empty(rows.reference, rows.policy),
               detail::kl_of_empty(rows.policy, rows.reference)};
    return rows;
  }
  auto const pair = detail::row_pair_map<Real>::of(detail::logit_map<Real>(transform), rows.policy,
                                                   rows.reference);
  rows.kl =
      ex.reduce(policy, kl_stats<Real>{}, detail::push_kl<Real, Reference>{pair, reference}).kl;
  return rows;
}

/// What `row_kl_gradient` needs for these seeds: the divergences only where it asks for one.
template <class Real, row_executor<kl_stats<Real>> Executor, class Policy, class Reference>
PREFOPT_HD row_pair_stats<Real> row_kl_for(row_kl_seeds<Real> const& seeds, Executor& ex,
                                           Policy policy, Reference reference,
                                           logit_transform<Real> const& transform = {})
{
  if (seeds.d_policy_to_reference == Real(0)) {
    return row_pair<Real>(ex, policy, reference, transform);
  }
  return row_kl<Real>(ex, policy, reference, transform);
}

/// Writes dL/d(policy's raw logits) of one row for what `row_kl_for` the same seeds, or `row_kl`,
/// gave with the same transform, or adds it to `out`. `out` may be the policy's or the reference's
/// memory where it is overwritten; elements are rounded once. The reference is a constant.
///
/// The gradient of KL(reference || policy) is softmax(policy) - softmax(reference), finite also
/// where the divergence is +inf; that of KL(policy || reference) is then NaN. Masked logits of the
/// policy get 0, and so does the whole row if all seeds are 0 or either row is all -inf.
template <class Real, row_executor<kl_stats<Real>> Executor, class Policy, class Reference,
          class Out>
PREFOPT_HD void row_kl_gradient(Executor& ex, Policy policy, Reference reference, Out out,
                                row_pair_stats<Real> const& rows, row_kl_seeds<Real> const& seeds,
                                bool accumulate = false,
                                logit_transform<Real> const& transform = {})
{
  using stored = typename Out::element_type;
  Out const sum = accumulate ? out : Out{};
  if (seeds.are_zero() || rows.policy.is_empty() || rows.reference.is_empty()) {
    ex.transform(policy, out, detail::keep_or_zero<stored, Out>{sum});
    return;
  }
  detail::logit_map<Real> const map(transform);
  detail::kl_slope<Real> const slope{
      detail::row_pair_map<Real>::of(map, rows.policy, rows.reference), seeds,
      rows.kl.policy_to_reference};
  ex.transform(policy, out,
               detail::kl_gradient<Real, stored, Reference, Out>{slope, reference, sum});
}

static_assert(check_row_executor<serial_executor, kl_stats<float>>());

}  // namespace prefopt
