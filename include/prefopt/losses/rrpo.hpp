// SPDX-License-Identifier: MIT
#pragma once
/// \file  RRPO, refined regularised preference optimisation (Sarkar and Etemad 2025, arXiv
/// 2504.12083).

#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/reference_kl.hpp>

namespace prefopt {

/// DPO on the phrases in which the answers differ, held to the reference on the chosen answer.
///
/// \f[ L = -\log\sigma(\beta(\rho_w - \rho_l)) + \alpha D_w,\quad
///     \rho = \log\frac{\pi}{\pi_{ref}},\quad D = \sum_t KL(\pi_{ref}\parallel\pi) \f]
/// The log-probabilities are the caller's sums over the differing phrases' tokens; `chosen_kl` runs
/// over the whole answer. At policy = reference L = log 2. Defaults: beta 0.1 and alpha 0.01 of the
/// authors' 0.1 to 0.9 and 0.01 to 0.1.
template <class Real>
struct rrpo {
  Real beta = Real(0.1);
  Real alpha = Real(0.01);

  PREFOPT_HD constexpr auto terms() const
  {
    return dpo<Real>{.beta = beta} + reference_kl<Real>{.alpha = alpha};
  }
};
static_assert(check_loss<rrpo<float>, float>());

}  // namespace prefopt
