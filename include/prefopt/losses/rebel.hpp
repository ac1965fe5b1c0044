// SPDX-License-Identifier: MIT
#pragma once
/// \file  REBEL (Gao et al. 2024, arXiv 2404.16767).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Regresses the difference of the implicit rewards on that of the given ones.
///
/// \f[ L = (\beta(\rho_w - \rho_l) - \Delta_i)^2,\quad \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// Delta is the record's `judge_gap`, R(y_w) - R(y_l), of either sign. `beta` is the paper's 1/eta
/// (0.1, our choice); the reference is the policy of the last round.
template <class Real>
struct rebel {
  Real beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::square{}, beta, Real(0), Real(1), {}, adjust::by_judge_gap<Real>{});
  }
};
static_assert(check_loss<rebel<float>, float>());

}  // namespace prefopt
