// SPDX-License-Identifier: MIT
#pragma once
/// \file  SPPO with hard labels (Wu et al. 2024, arXiv 2405.00675).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Regresses each log-ratio on what a certain preference is worth.
///
/// \f[ L = (\rho_w - \frac{1}{2\beta})^2 + (\rho_l + \frac{1}{2\beta})^2,\quad
///     \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// It is not scaled by beta^2: at policy = reference L = 1 / (2 beta^2). `beta` > 0 defaults to
/// 0.1, TRL's; the authors' is 1e-3.
///
/// Also called: TRL and Liger `sppo_hard`.
template <class Real>
struct sppo_hard {
  Real beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    Real const target = 1 / (2 * beta);
    return anchor<branch::chosen, score::log_ratio>("chosen", link::square{}, Real(1), target) +
           repel<branch::rejected, score::log_ratio>("rejected", link::square{}, Real(1), target);
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.positive("beta", beta);
  }
};
static_assert(check_loss<sppo_hard<float>, float>());

}  // namespace prefopt
