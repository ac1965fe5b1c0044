// SPDX-License-Identifier: MIT
#pragma once
/// \file  Length-normalised DPO (Lambert et al. 2024, Tulu 3, arXiv 2411.15124).

#include <prefopt/losses/dpo.hpp>

namespace prefopt {

/// DPO on log-ratios per token.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u),\quad
///     u = \beta(\frac{1}{|y_w|}\log\frac{\pi(y_w)}{\pi_{ref}(y_w)}
///          - \frac{1}{|y_l|}\log\frac{\pi(y_l)}{\pi_{ref}(y_l)}) \f]
/// Lengths are completion tokens, 1 or more, as in `ipo`. At policy = reference L = log 2, and it
/// hardly leaves it while beta is that of summed log-ratios: `beta` defaults to 5, open-instruct's.
///
/// Also called: open-instruct `dpo_norm`, TRL `sigmoid_norm` (beta 0.1 by default), NeMo-RL
/// `preference_average_log_probs`.
template <class Real, class Score = score::mean_log_ratio>
struct dpo_norm {
  static_assert(
      detail::per_token_score<Score>,
      "prefopt: this loss compares scores per token; give the divergence that base, "
      "score::forward_kl<score::mean_log_ratio>, or take the loss on sums (dpo, ipo_sum)");

  Real beta = Real(5);
  Real label_smoothing = Real(0);
  Score score{};

  PREFOPT_HD constexpr auto terms() const
  {
    return dpo<Real, Score>{.beta = beta, .label_smoothing = label_smoothing, .score = score}
        .terms();
  }
};
static_assert(check_loss<dpo_norm<float>, float>());

}  // namespace prefopt
