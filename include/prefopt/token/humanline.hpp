// SPDX-License-Identifier: MIT
#pragma once
/// \file  Humanline clipping: per-token log-ratios kept within bounds before they are summed.

#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/row_checks.hpp>

namespace prefopt {

/// Clamps the log-ratio log p(policy) - log p(reference) of every token to [log_epsilon_p,
/// log_epsilon_r], as HALOs' `humanline` option does for any of its losses:
/// \f[ r_t = \min(\max(\log\pi_t - \log\pi^{ref}_t, \log\epsilon_P), \log\epsilon_R). \f]
/// A token that is clamped has no gradient; one exactly on a bound keeps it. It bounds what a
/// single token can add to a reward, which clamping the sequence's reward would not. The defaults
/// clamp nothing.
template <class Real>
struct humanline {
  Real log_epsilon_p = -infinity_v<Real>;
  Real log_epsilon_r = infinity_v<Real>;

  PREFOPT_HD constexpr bool clamps(Real policy, Real reference) const
  {
    Real const ratio = policy - reference;
    return ratio < log_epsilon_p || ratio > log_epsilon_r;
  }

  /// The policy's log-probability with which policy - reference is the clamped ratio; `policy`
  /// itself, bit for bit, where nothing is clamped. NaN propagates.
  PREFOPT_HD constexpr Real log_prob(Real policy, Real reference) const
  {
    if (!clamps(policy, reference)) { return policy; }
    return reference + (policy - reference < log_epsilon_p ? log_epsilon_p : log_epsilon_r);
  }

  /// d log_prob / d policy.
  PREFOPT_HD constexpr Real slope(Real policy, Real reference) const
  {
    return clamps(policy, reference) ? Real(0) : Real(1);
  }
};

namespace detail {

template <class Real>
void check_humanline(char const* function, humanline<Real> const& bounds,
                     vector_view<Real const> const& policy,
                     vector_view<Real const> const& reference)
{
  require_extent(function, "reference", policy.extent, reference.extent);
  if (!(bounds.log_epsilon_p <= bounds.log_epsilon_r)) {
    throw_invalid(function, "log_epsilon_p",
                  "a number up to log_epsilon_r = " + std::to_string(bounds.log_epsilon_r),
                  std::to_string(bounds.log_epsilon_p));
  }
}

}  // namespace detail

/// The policy's token log-probabilities for sequence sums: out[t] - reference[t] is the clamped
/// log-ratio. `out` may be `policy`, unless the seeds are still to come. The reference's sums stay
/// as they are.
template <class Real>
void humanline_log_probs(humanline<Real> const& bounds,
                         std::type_identity_t<vector_view<Real const>> policy,
                         std::type_identity_t<vector_view<Real const>> reference,
                         std::type_identity_t<vector_view<Real>> out)
{
  char const* const function = "humanline_log_probs";
  detail::check_humanline(function, bounds, policy, reference);
  detail::require_extent(function, "out", policy.extent, out.extent);
  for (index_t t = 0; t < policy.extent; ++t) { out[t] = bounds.log_prob(policy[t], reference[t]); }
}

/// The way back: seeds of `token_seeds`, in place, become 0 where the ratio was clamped. `policy`
/// holds the log-probabilities before clamping.
template <class Real>
void humanline_seeds(humanline<Real> const& bounds,
                     std::type_identity_t<vector_view<Real const>> policy,
                     std::type_identity_t<vector_view<Real const>> reference,
                     std::type_identity_t<vector_view<Real>> seeds)
{
  char const* const function = "humanline_seeds";
  detail::check_humanline(function, bounds, policy, reference);
  detail::require_extent(function, "seeds", policy.extent, seeds.extent);
  for (index_t t = 0; t < policy.extent; ++t) {
    if (bounds.clamps(policy[t], reference[t])) { seeds[t] = Real(0); }
  }
}

}  // namespace prefopt
