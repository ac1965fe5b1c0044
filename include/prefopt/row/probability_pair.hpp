// SPDX-License-Identifier: MIT
#pragma once
/// \file  One token under two models: its probabilities, and its share in their divergence.

#include <cmath>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/pack.hpp>
#include <prefopt/row/logit_stats.hpp>
#include <prefopt/row/logit_transform.hpp>
#include <prefopt/row/probability.hpp>

namespace prefopt::detail {

/// 1 + u/K (1 + u/(K + 1) (1 + ... u/Last)). By recursion, so that every 1/K is a constant.
template <int K, int Last, class Number, class Scalar>
PREFOPT_HD Scalar series_from(Scalar const& u)
{
  if constexpr (K > Last) {
    return Scalar(1.0f);
  } else {
    constexpr Number reciprocal = Number(1) / Number(K);
    return Scalar(1.0f) + u * Scalar(reciprocal) * series_from<K + 1, Last, Number>(u);
  }
}

/// (e^u - 1 - u) for |u| <= 1, from its series: relative to itself however small u is. Packs are
/// fp32.
template <class Scalar>
PREFOPT_HD Scalar exp_excess(Scalar const& u)
{
  constexpr bool in_double = std::is_same_v<Scalar, double>;
  using number = std::conditional_t<in_double, double, float>;
  return Scalar(0.5f) * u * u * series_from<3, in_double ? 18 : 11, number>(u);
}

/// One token's probabilities, and log(p_policy / p_reference).
template <class Scalar>
struct probability_pair {
  Scalar policy;
  Scalar reference;
  Scalar log_ratio;

  PREFOPT_HD auto is_close() const
  {
    return log_ratio >= Scalar(-1.0f) && log_ratio <= Scalar(1.0f);
  }

  /// The token's share in KL(reference || policy), p_pol - p_ref - p_ref log(p_pol / p_ref). The
  /// first two terms add to 0 over the vocabulary. With them no share is negative and nothing
  /// cancels; and an error of the log-normalisers, which all log-ratios have in common, has no
  /// effect in first order, where without them it is all there is when the policies are close.
  PREFOPT_HD Scalar reference_to_policy() const
  {
    Scalar const apart = (policy - reference) - reference * log_ratio;
    return select(reference == Scalar(0.0f), policy,
                  select(is_close(), reference * exp_excess(log_ratio), apart));
  }
  PREFOPT_HD Scalar policy_to_reference() const
  {
    Scalar const apart = (reference - policy) + policy * log_ratio;
    return select(policy == Scalar(0.0f), reference,
                  select(is_close(), policy * exp_excess(Scalar(-log_ratio)), apart));
  }
  /// p_pol - p_ref.
  PREFOPT_HD Scalar difference() const
  {
    return select(is_close(), reference * (log_ratio + exp_excess(log_ratio)), policy - reference);
  }
};

/// Logits of two rows to the probabilities of their softmax. Log-ratios come from differences of
/// logits, which are exact where the two are close.
template <class Real, class Map = logit_map<Real>>
struct row_pair_map {
  Map map;
  Real policy_max;
  Real reference_max;
  Real policy_log_rest;
  Real reference_log_rest;

  PREFOPT_HD static row_pair_map of(Map const& map, logit_stats<Real> const& policy,
                                    logit_stats<Real> const& reference)
  {
    using std::log1p;
    return {map, policy.max, reference.max, log1p(policy.rest), log1p(reference.rest)};
  }

  /// With whichever map it comes down to, as `logit_map::visit`.
  template <class Visit>
  auto visit(Visit const& f) const
  {
    return map.visit([&](auto const& specific) {
      return f(row_pair_map<Real, std::remove_cvref_t<decltype(specific)>>{
          specific, policy_max, reference_max, policy_log_rest, reference_log_rest});
    });
  }

  template <class Scalar>
  PREFOPT_HD probability_pair<Scalar> operator()(Scalar const& policy_raw,
                                                 Scalar const& reference_raw) const
  {
    Scalar const scale(map.scale);
    Scalar const x = map(policy_raw);
    Scalar const z = map(reference_raw);
    Scalar const of_maxima(policy_max - reference_max);
    Scalar const of_rests(policy_log_rest - reference_log_rest);
    return {probability(Scalar(scale * (x - Scalar(policy_max)) - Scalar(policy_log_rest))),
            probability(Scalar(scale * (z - Scalar(reference_max)) - Scalar(reference_log_rest))),
            scale * ((x - z) - of_maxima) - of_rests};
  }
};

}  // namespace prefopt::detail
