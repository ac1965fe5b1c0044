// SPDX-License-Identifier: MIT
#pragma once
/// \file  Kahneman-Tversky Optimization (Ethayarajh et al. 2024, arXiv 2402.01306).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Raises desirable answers above, and lowers undesirable ones below, what the policy gives to
/// answers in general. No pairs needed: label 1 is desirable (L_D), 0 undesirable (L_U).
///
/// \f[ L_D = \lambda_D\,\sigma(-\beta(r - z_0)),\quad L_U = \lambda_U\,\sigma(\beta(r - z_0)),\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// `baseline` is z_0, in nats and 0 or more: `kto_baseline::value()` of the global batch, without
/// gradient. At policy = reference and z_0 = 0, L = lambda / 2. Flat where r is far from z_0 on
/// either side. Defaults: TRL's and the authors', lambda 1. Their advice: choose the weights so
/// that n_D lambda_D / (n_U lambda_U) is 1 to 1.5.
///
/// Also called: TRL, Liger, LLaMA-Factory and HALOs `kto`. TRL averages the means of the devices;
/// Liger's metrics leave the class weights out.
template <class Real>
struct kto {
  Real beta = Real(0.1);
  Real baseline = Real(0);
  Real desirable_weight = Real(1);
  Real undesirable_weight = Real(1);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::completion, branch::none, score::log_ratio>(
        "completion", link::sigmoid{}, beta, beta * baseline, Real(1), {},
        adjust::by_label<Real>{desirable_weight, undesirable_weight});
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.not_negative("baseline", baseline);
    check.not_negative("desirable_weight", desirable_weight);
    check.not_negative("undesirable_weight", undesirable_weight);
  }
};
static_assert(check_loss<kto<float>, float>());

}  // namespace prefopt
