// SPDX-License-Identifier: MIT
#pragma once
/// \file  CPO (Xu et al. 2024, arXiv 2401.08417).

#include <prefopt/core/loss.hpp>
#include <prefopt/core/nll.hpp>

namespace prefopt {

namespace detail {

template <class Real>
PREFOPT_HD constexpr auto cpo_term(Real beta, Real label_smoothing)
{
  return contrast<branch::chosen, branch::rejected, score::log_prob>(
      "text", link::logistic<Real>{label_smoothing}, beta);
}

}  // namespace detail

/// DPO with a uniform reference, which cancels, and a likelihood term.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u) - \alpha\frac{1}{|y_w|}\log\pi(y_w),\quad
///     u = \beta(\log\pi(y_w) - \log\pi(y_l)) \f]
/// `Reduction` is the likelihood's, as in `rpo`. Defaults are TRL's: beta 0.1, alpha 1. Sums of
/// log-probabilities are compared, so the shorter answer has an advantage.
///
/// Also called: TRL's CPOTrainer `sigmoid`, Liger `LigerFusedLinearCPOLoss`. Theirs take the
/// likelihood per token of the micro-batch (`reduction::per_token`), which gradient accumulation
/// changes unless the caller's count is that of the whole batch.
template <class Real, class Reduction = reduction::per_sequence>
struct cpo {
  Real beta = Real(0.1);
  Real alpha = Real(1);
  Real label_smoothing = Real(0);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return detail::cpo_term(beta, label_smoothing) +
           prefopt::nll<branch::chosen>("nll", alpha, nll);
  }
};
static_assert(check_loss<cpo<float>, float>());

}  // namespace prefopt
