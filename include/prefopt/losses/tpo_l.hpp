// SPDX-License-Identifier: MIT
#pragma once
/// \file  Length-normalised Triple Preference Optimization (Saeidi et al. 2024, arXiv 2405.16681).

#include <prefopt/core/nll.hpp>
#include <prefopt/losses/simpo.hpp>

namespace prefopt {

/// SimPO on two answers, and the likelihood of a third, the gold one.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u) - \alpha\frac{1}{|y_g|}\log\pi(y_g),\quad
///     u = \beta(\frac{\log\pi(y_w)}{|y_w|} - \frac{\log\pi(y_l)}{|y_l|}) - \gamma \f]
/// `Reduction` is the likelihood's, as in `rpo`. Defaults are TRL's: beta 0.01, gamma 0.5, alpha 1.
///
/// Also called: TRL's TPOTrainer `tpo-l` (per token of the micro-batch).
template <class Real, class Reduction = reduction::per_sequence>
struct tpo_l {
  Real beta = Real(0.01);
  Real gamma = Real(0.5);
  Real alpha = Real(1);
  Real label_smoothing = Real(0);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return simpo<Real>{.beta = beta, .gamma = gamma, .label_smoothing = label_smoothing} +
           prefopt::nll<branch::gold>("nll", alpha, nll);
  }
};
static_assert(check_loss<tpo_l<float>, float>());

}  // namespace prefopt
