// SPDX-License-Identifier: MIT
#pragma once
/// \file  Noise-aware Preference Optimization (Zhang et al. 2025, arXiv 2503.17928, eqs. 9-14).

#include <cmath>

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace link {

/// (1 - sigmoid(u)^q) / q, between -log sigmoid(u) at q = 0 and sigmoid(-u) at q = 1.
template <class Real>
struct power_of_sigmoid {
  Real q = Real(0.5);

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.not_negative("q", q);
  }
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    using std::exp;
    using std::expm1;
    // Below, q log sigmoid(u) is so small that the two are one number (bound: our choice).
    if (q < Real(1e-30)) { return -log_sigmoid(u); }
    auto const logistic = log_sigmoid_with_slope(value_of(u));
    auto const power = q * logistic.value;
    return chain(-expm1(power) / q, -(exp(power) * logistic.slope), u);
  }
};

}  // namespace link

/// DPO that is robust against noisy pairs as far as `q` says: 0 is DPO, 1 the bounded sigmoid loss.
///
/// \f[ L = \frac{1 - \sigma(u)^q}{q},\quad
///     u = \beta(\log\frac{\pi(y_w)}{\pi_{ref}(y_w)} - \log\frac{\pi(y_l)}{\pi_{ref}(y_l)}) \f]
/// `q` comes from the mean margin of the global batch, without gradient: `napo_robustness::q`. At
/// policy = reference L = (1 - 2^-q) / q.
///
/// The paper's objective adds DPO and this loss against each of two answers given without image or
/// without text, weighted by `napo_shares`:
/// `g[0] * dpo<float>{} + g[1] * napo<float, branch::other_rejected<0>>{.q = q[0]} + g[2] * ...`.
///
/// Also called: generalised cross entropy (of a margin).
template <class Real, class Rejected = branch::rejected>
struct napo {
  Real beta = Real(0.1);
  Real q = Real(0.5);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, Rejected, score::log_ratio>(
        "text", link::power_of_sigmoid<Real>{q}, beta);
  }
};
static_assert(check_loss<napo<float>, float>());

}  // namespace prefopt
