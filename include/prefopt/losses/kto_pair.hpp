// SPDX-License-Identifier: MIT
#pragma once
/// \file  KTO on pairs, as TRL 0.7 and 0.8 had it.

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// KTO on the two answers of a pair, each against what the policy gives to the answers of the other
/// kind.
///
/// \f[ L = \sigma(-\beta(r_w - K_l)) + \sigma(-\beta(K_w - r_l)),\quad
///     K = \max(0, \bar r),\quad r = \log\frac{\pi}{\pi_{ref}} \f]
/// K_w and K_l are means over the global batch: `kto_pair_means` gives them. The original's
/// gradient flows through them. That part is `chosen_slope` and `rejected_slope`, from
/// `kto_pair_coupling`; with slopes of 0 (the default) the means are constants. At policy =
/// reference L = 1.
///
/// Also called: TRL 0.7 to 0.8 `kto_pair`, SymDPO, MM-RLHF, VL-RLHF; TRL's loss is a vector of 2N
/// numbers, chosen then rejected, and its mean half of this one's. TRL removed it for `kto`.
template <class Real>
struct kto_pair {
  Real beta = Real(0.1);
  Real chosen_baseline = Real(0);    ///< K_w, which rejected answers are compared with
  Real rejected_baseline = Real(0);  ///< K_l, which chosen answers are compared with
  Real chosen_slope = Real(0);       ///< through K_w, on every chosen answer
  Real rejected_slope = Real(0);     ///< through K_l, on every rejected answer

  PREFOPT_HD constexpr auto terms() const
  {
    link::gradient_only<link::identity> const slope{};
    return anchor<branch::chosen, score::log_ratio>("chosen", link::sigmoid{}, beta,
                                                    beta * rejected_baseline) +
           repel<branch::rejected, score::log_ratio>("rejected", link::sigmoid{}, beta,
                                                     -(beta * chosen_baseline)) +
           anchor<branch::chosen, score::log_ratio>("chosen baseline", slope, Real(1), Real(0),
                                                    chosen_slope) +
           anchor<branch::rejected, score::log_ratio>("rejected baseline", slope, Real(1), Real(0),
                                                      rejected_slope);
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.not_negative("chosen_baseline", chosen_baseline);
    check.not_negative("rejected_baseline", rejected_baseline);
    check.finite("chosen_slope", chosen_slope);
    check.finite("rejected_slope", rejected_slope);
  }
};
static_assert(check_loss<kto_pair<float>, float>());

}  // namespace prefopt
