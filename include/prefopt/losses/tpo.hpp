// SPDX-License-Identifier: MIT
#pragma once
/// \file  Triple Preference Optimization (Saeidi et al. 2024, arXiv 2405.16681).

#include <prefopt/losses/cpo.hpp>

namespace prefopt {

/// CPO on two answers, and the likelihood of a third, the gold one.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u) - \alpha\frac{1}{|y_g|}\log\pi(y_g),\quad
///     u = \beta(\log\pi(y_w) - \log\pi(y_l)) \f]
/// `Reduction` is the likelihood's, as in `rpo`. Defaults are TRL's: beta 0.01, alpha 1.
///
/// Also called: TRL's TPOTrainer `sigmoid` (per token of the micro-batch); its `hinge` and `ipo`
/// are `cpo_hinge` and `cpo_ipo` with alpha 0, plus `sft` over `branch::gold`. Another TPO, Token
/// Preference Optimization (arXiv 2412.14487), is DPO on weighted tokens.
template <class Real, class Reduction = reduction::per_sequence>
struct tpo {
  Real beta = Real(0.01);
  Real alpha = Real(1);
  Real label_smoothing = Real(0);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return detail::cpo_term(beta, label_smoothing) + prefopt::nll<branch::gold>("nll", alpha, nll);
  }
};
static_assert(check_loss<tpo<float>, float>());

}  // namespace prefopt
