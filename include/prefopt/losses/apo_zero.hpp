// SPDX-License-Identifier: MIT
#pragma once
/// \file  APO-zero (D'Oosterlinck et al. 2024, arXiv 2408.06266).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Raises the chosen answer and lowers the rejected one, each by itself: for a policy that is worse
/// than the chosen answers.
///
/// \f[ L = \sigma(-r_w) + \sigma(r_l),\quad r = \beta\log\frac{\pi}{\pi_{ref}} \f]
/// Flat where a reward is far from 0 on either side. At policy = reference L = 1.
///
/// Also called: TRL and Liger `apo_zero`.
template <class Real>
struct apo_zero {
  Real beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    return anchor<branch::chosen, score::log_ratio>("chosen", link::sigmoid{}, beta) +
           repel<branch::rejected, score::log_ratio>("rejected", link::sigmoid{}, beta);
  }
};
static_assert(check_loss<apo_zero<float>, float>());

}  // namespace prefopt
