// SPDX-License-Identifier: MIT
#pragma once
/// \file  Length-regularised DPO (Park et al. 2024, arXiv 2403.19159).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// Adds `alpha` per token by which the chosen answer is longer.
template <class Real>
struct by_length_gap {
  static constexpr column_set columns{.length = branch::chosen::set | branch::rejected::set};
  static constexpr bool relative = false;
  Real alpha = Real(0.01);

  PREFOPT_HD auto offset(auto const& x) const
  {
    return (x.rejected_length - x.chosen_length) * alpha;
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("alpha", alpha);
  }
};

}  // namespace adjust

/// DPO that has to learn less where the chosen answer is the longer one.
///
/// \f[ L = -\log\sigma(\beta(\rho_w - \rho_l) + \alpha(|y_w| - |y_l|)),\quad
///     \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// Lengths are completion tokens, 1 or more. `alpha` defaults to 0.01, our choice within the
/// paper's 0.005 to 0.05.
template <class Real>
struct r_dpo {
  Real beta = Real(0.1);
  Real alpha = Real(0.01);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::by_length_gap<Real>{alpha});
  }
};
static_assert(check_loss<r_dpo<float>, float>());

}  // namespace prefopt
