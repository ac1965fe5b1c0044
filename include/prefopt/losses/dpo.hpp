// SPDX-License-Identifier: MIT
#pragma once
/// \file  Direct Preference Optimization (Rafailov et al. 2023, arXiv 2305.18290, eq. 7).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Sigmoid DPO; with `label_smoothing` e > 0 conservative DPO (cDPO).
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u),\quad
///     u = \beta(\log\frac{\pi(y_w)}{\pi_{ref}(y_w)} - \log\frac{\pi(y_l)}{\pi_{ref}(y_l)}) \f]
/// MFPO's eq. 4 and 5. At policy = reference L = log 2. Its implicit reward (MFPO's eq. 3 without
/// the term that no pair can see) is `implicit_reward`. `Score` is the plain log-ratio or that of
/// another f-divergence, `score::forward_kl<>`, `score::jensen_shannon<>` or
/// `score::alpha_divergence<Real>` (f-DPO); hinge, ipo, exo_pair, robust and discopop take them
/// too. `beta` defaults to 0.1, the field's.
///
/// Also called: TRL, Liger and LLaMA-Factory `sigmoid`. TRL since 0.29 ignores label_smoothing in
/// `sigmoid` without a word. Online DPO is this loss (or `ipo_sum`) on two samples that a judge has
/// ordered. DDPO (RLHF-V, arXiv 2312.00849) is this loss on sums in which changed tokens weigh
/// more. HA-DPO, BPO, SymDPO, MIA-DPO, Silkie and RLAIF-V are this loss on pairs of their own
/// making.
template <class Real, class Score = score::log_ratio>
struct dpo {
  Real beta = Real(0.1);
  Real label_smoothing = Real(0);
  Score score{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected>("text", link::logistic<Real>{label_smoothing},
                                                      beta, Real(0), Real(1), score);
  }
};
static_assert(check_loss<dpo<float>, float>());

/// r(x, y) = beta (log pi(y|x) - log pi_ref(y|x)), up to a constant of x (arXiv 2305.18290, eq. 5).
template <class Real>
PREFOPT_HD Real implicit_reward(Real beta, Real log_prob, Real ref_log_prob)
{
  auto const text = dpo<Real>{.beta = beta}.terms().first;
  return text.template reward<branch::chosen>(
      pair_logps<Real>{.chosen = log_prob, .ref_chosen = ref_log_prob});
}

}  // namespace prefopt
