// SPDX-License-Identifier: MIT
#pragma once
/// \file  POVID (Zhou et al. 2024, arXiv 2402.11411).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// DPO against two rejected answers in turn: a hallucinated one and the model's own, decoded from a
/// noisy image (`other_rejected[0]`, scored with the clean one).
///
/// \f[ L = -\tfrac12\log\sigma(\beta(r_w - r_l)) - \tfrac12\log\sigma(\beta(r_w - r_{l'})),\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// At policy = reference L = log 2. Defaults: the authors' weights, and beta 0.1. `plackett_luce`
/// ranks the chosen answer above both at once.
template <class Real>
struct povid {
  Real beta = Real(0.1);
  Real text_weight = Real(0.5);
  Real own_weight = Real(0.5);

  PREFOPT_HD constexpr auto terms() const
  {
    link::logistic<Real> const logistic{};
    return contrast<branch::chosen, branch::rejected, score::log_ratio>("text", logistic, beta,
                                                                        Real(0), text_weight) +
           contrast<branch::chosen, branch::other_rejected<0>, score::log_ratio>(
               "own answer", logistic, beta, Real(0), own_weight);
  }
};
static_assert(check_loss<povid<float>, float>());

}  // namespace prefopt
