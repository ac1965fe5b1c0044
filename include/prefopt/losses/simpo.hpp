// SPDX-License-Identifier: MIT
#pragma once
/// \file  SimPO (Meng et al. 2024, arXiv 2405.14734, eq. 6).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Reference-free, length-normalised preference with a target margin.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u),\quad
///     u = \beta(\frac{\log\pi(y_w)}{|y_w|} - \frac{\log\pi(y_l)}{|y_l|}) - \gamma \f]
/// Lengths are tokens, 1 or more: anything else throws in host memory and gives NaN or an infinity
/// in device memory. `gamma` is on the scale of the reward; the authors' code gives gamma / beta
/// (0.25 with beta 2).
///
/// Also called: TRL CPO `loss_type="simpo"` (beta 0.1, gamma 0.5, and a likelihood of weight 1
/// unless `cpo_alpha` is 0), HALOs (beta 10, gamma / beta 0.3), LLaMA-Factory `simpo_gamma`.
template <class Real>
struct simpo {
  Real beta = Real(2);
  Real gamma = Real(0.5);
  Real label_smoothing = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::mean_log_prob>(
        "text", link::logistic<Real>{label_smoothing}, beta, gamma);
  }
};
static_assert(check_loss<simpo<float>, float>());

}  // namespace prefopt
