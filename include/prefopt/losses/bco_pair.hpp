// SPDX-License-Identifier: MIT
#pragma once
/// \file  BCO on pairs (Jung et al. 2024, arXiv 2404.04656).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Classifies the chosen answer as good and the rejected one as bad, each by its own reward.
///
/// \f[ L = -\log\sigma(r_w - \delta) - \log\sigma(-(r_l - \delta)),\quad
///     r = \beta\log\frac{\pi}{\pi_{ref}} \f]
/// `delta` is on the scale of the reward. The paper's is the running mean of all rewards, without
/// gradient, which the caller keeps; 0 (the default) leaves it out. At policy = reference and delta
/// 0, L = 2 log 2.
///
/// Also called: TRL `bco_pair`: since 0.29, and Liger, with delta 0; before, and LLaMA-Factory's
/// `bco_loss`, with a running mean in which every batch weighs the same.
template <class Real>
struct bco_pair {
  Real beta = Real(0.1);
  Real delta = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    link::logistic<Real> const logistic{};
    return anchor<branch::chosen, score::log_ratio>("chosen", logistic, beta, delta) +
           repel<branch::rejected, score::log_ratio>("rejected", logistic, beta, -delta);
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("delta", delta);
  }
};
static_assert(check_loss<bco_pair<float>, float>());

}  // namespace prefopt
