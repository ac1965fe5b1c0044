// SPDX-License-Identifier: MIT
#pragma once
/// \file  DPO with an offset (Amini et al. 2024, arXiv 2402.10571).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// DPO whose target margin is how much better a judge finds the chosen answer.
///
/// \f[ L = -\log\sigma(\beta(\rho_w - \rho_l) - \alpha\Delta_i),\quad
///     \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// Delta is the record's `judge_gap` as it is: whoever wants the paper's logarithm of a score
/// difference takes it before. `alpha` defaults to 1, the paper's.
template <class Real>
struct odpo {
  Real beta = Real(0.1);
  Real alpha = Real(1);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::by_judge_gap<Real>{alpha});
  }
};
static_assert(check_loss<odpo<float>, float>());

}  // namespace prefopt
