// SPDX-License-Identifier: MIT
#pragma once
/// \file  Cal-DPO (Xiao et al. 2024, arXiv 2412.14516).

#include <prefopt/losses/sppo_hard.hpp>

namespace prefopt {

/// DPO that also fixes the scale of the rewards.
///
/// \f[ L = -\log\sigma(\rho_w - \rho_l) + (\rho_w - \frac{1}{2\beta})^2
///         + (\rho_l + \frac{1}{2\beta})^2,\quad \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// Beta > 0 stands in the targets only, which are `sppo_hard`'s; it defaults to 1e-3, which its
/// authors use.
/// At policy = reference L = log 2 + 1 / (2 beta^2).
template <class Real>
struct cal_dpo {
  Real beta = Real(1e-3);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
               "text", link::logistic<Real>{}, Real(1)) +
           sppo_hard<Real>{.beta = beta};
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.positive("beta", beta);
  }
};
static_assert(check_loss<cal_dpo<float>, float>());

}  // namespace prefopt
