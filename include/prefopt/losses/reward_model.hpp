// SPDX-License-Identifier: MIT
#pragma once
/// \file  Bradley-Terry reward models (MFPO's eq. 1; Ouyang et al. 2022, arXiv 2203.02155, eq. 1).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Loss of a scalar reward model on one comparison.
///
/// \f[ L = -\log\sigma(r(y_w) - r(y_l) - m - m_i) \f]
/// with a common `margin` m and, where the record's `target_margin` is given, one m_i per sample
/// (Touvron et al. 2023, arXiv 2307.09288, eq. 2). The record's chosen and rejected are rewards.
///
/// Also called: TRL `RewardTrainer`, with the column `margin`.
template <class Real>
struct reward_model {
  Real margin = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_prob>(
        "reward", link::logistic<Real>{}, Real(1), margin, Real(1), {}, adjust::by_target_margin{});
  }
};
static_assert(check_loss<reward_model<float>, float>());

}  // namespace prefopt
