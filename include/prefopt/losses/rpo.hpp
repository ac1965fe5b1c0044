// SPDX-License-Identifier: MIT
#pragma once
/// \file  RPO: DPO with a likelihood term (Pang et al. 2024, arXiv 2404.19733, eq. 1).

#include <prefopt/core/nll.hpp>
#include <prefopt/losses/dpo.hpp>

namespace prefopt {

/// DPO that also raises the likelihood of the chosen answer.
///
/// \f[ L = -\log\sigma(\beta(r_w - r_l)) - \alpha\frac{1}{|y_w|}\log\pi(y_w),\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// `Reduction` is the likelihood's: `reduction::per_sequence` (the paper's), `reduction::per_token`
/// with `.nll = {.sequences_per_token = N / T}`, or `reduction::summed`. `Span` is the branch whose
/// column it reads: `branch::gold` where it spans other tokens than the preference does. `alpha`
/// defaults to 1, the paper's best.
///
/// Also called: TRL up to 0.28 `rpo_alpha` (per token), LLaMA-Factory `pref_ftx` (per sequence),
/// NeMo-RL `sft_loss_weight` (summed by default). Version 1 of the paper has alpha on the DPO term.
/// TRL's version leaves tokens of id 0 out of the likelihood.
template <class Real, class Reduction = reduction::per_sequence, class Span = branch::chosen>
struct rpo {
  Real beta = Real(0.1);
  Real alpha = Real(1);
  Real label_smoothing = Real(0);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return dpo<Real>{.beta = beta, .label_smoothing = label_smoothing} +
           prefopt::nll<Span>("nll", alpha, nll);
  }
};
static_assert(check_loss<rpo<float>, float>());

}  // namespace prefopt
