// SPDX-License-Identifier: MIT
#pragma once
/// \file  beta-DPO (Wu et al. 2024, arXiv 2407.08639).

#include <prefopt/losses/dpo.hpp>

namespace prefopt {

/// DPO with one beta for each batch, larger where its pairs are far apart, on the pairs that a draw
/// leaves in.
///
/// \f[ L = -\log\sigma(\beta_b(r_w - r_l)),\quad
///     \beta_b = \max(10^{-3}, \beta(1 + a(\bar D - M_0))),\quad r = \log\frac{\pi}{\pi_{ref}} \f]
/// `batch_beta` is `beta_dpo_beta(beta, ...)` of the global batch, without gradient. The draw is
/// `select_by_gap`: its `selected` is the weight column, its `gap.count` the divisor. At policy =
/// reference L = log 2 for each pair left in.
///
/// Also called: MM-RLHF `implicit_beta`.
template <class Real>
struct beta_dpo {
  Real batch_beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const { return dpo<Real>{.beta = batch_beta}.terms(); }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.positive("batch_beta", batch_beta);
  }
};
static_assert(check_loss<beta_dpo<float>, float>());

}  // namespace prefopt
