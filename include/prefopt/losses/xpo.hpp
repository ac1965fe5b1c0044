// SPDX-License-Identifier: MIT
#pragma once
/// \file  XPO, exploratory preference optimisation (Xie et al. 2024, arXiv 2405.21046, algorithm
/// 1).

#include <prefopt/losses/dpo.hpp>

namespace prefopt {

/// DPO on pairs of one sample of the policy and one of the reference model, with a bonus for
/// leaving the reference's sample: its likelihood is **minimised**, by design.
///
/// \f[ L = -\log\sigma(\beta(\rho_w - \rho_l)) + \alpha\log\pi(y_{ref}),\quad
///     \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// `ReferenceSample` is the branch whose column y_ref's log-probability is: the rejected answer by
/// default, which is right while the policy's samples win. Where either may win, take
/// `branch::completion` and give that column per sample; its gradient is the reference sample's to
/// add. `alpha` defaults to 1e-5, TRL's.
///
/// Also called: TRL's `XPOTrainer`, which can take `ipo_sum` for the first term.
template <class Real, class ReferenceSample = branch::rejected>
struct xpo {
  Real beta = Real(0.1);
  Real alpha = Real(1e-5);

  PREFOPT_HD constexpr auto terms() const
  {
    return dpo<Real>{.beta = beta} + anchor<ReferenceSample, score::log_prob>(
                                         "exploration", link::identity{}, Real(1), Real(0), alpha);
  }
};
static_assert(check_loss<xpo<float>, float>());

}  // namespace prefopt
