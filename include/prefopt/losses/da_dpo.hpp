// SPDX-License-Identifier: MIT
#pragma once
/// \file  DA-DPO, difficulty-aware DPO (Qiu et al. 2026, arXiv 2601.00623).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// alpha beta (|d| + 1), d the judge's gap.
template <class Real>
struct scale_by_ease {
  static constexpr column_set columns{.extra = {.judge_gap = true}};
  static constexpr bool relative = true;
  Real alpha = Real(1);

  PREFOPT_HD auto beta(Real beta, auto const& x) const
  {
    return alpha * beta * (abs(x.judge_gap) + Real(1));
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("alpha", alpha);
  }
};

}  // namespace adjust

/// DPO that holds easy pairs closer to the reference: those that a frozen judge tells apart.
///
/// \f[ L = -\log\sigma(\alpha\beta(|d_i| + 1)(\rho_w - \rho_l)),\quad
///     \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// d is the record's `judge_gap`, in the authors' code the difference of CLIP scores. `alpha` 1 is
/// our default. At policy = reference L = log 2.
///
/// Also called: `db_alpha` in the authors' code is alpha.
template <class Real>
struct da_dpo {
  Real beta = Real(0.1);
  Real alpha = Real(1);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::scale_by_ease<Real>{alpha});
  }
};
static_assert(check_loss<da_dpo<float>, float>());

}  // namespace prefopt
