// SPDX-License-Identifier: MIT
#pragma once
/// \file  MM-DPO, dynamic reward scaling (Zhang et al. 2025, MM-RLHF, arXiv 2502.10391).

#include <cmath>

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// beta (1 + w (1 - e^(-k d))), d the judge's gap, and no less than `smallest_beta`.
template <class Real>
struct scale_by_judge_gap {
  static constexpr column_set columns{.extra = {.judge_gap = true}};
  static constexpr bool relative = true;
  Real w = Real(0.5);
  Real k = Real(0.5);
  Real smallest_beta = Real(1e-3);

  PREFOPT_HD auto beta(Real beta, auto const& x) const
  {
    using std::expm1;
    using value = std::remove_cvref_t<decltype(x.judge_gap)>;
    value const growth = w == Real(0) ? value(0) : value(-w * expm1(-k * x.judge_gap));
    return max(beta * (Real(1) + growth), value(smallest_beta));
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.not_negative("w", w);
    check.not_negative("k", k);
    if (smallest_beta != -infinity_v<Real>) { check.not_negative("smallest_beta", smallest_beta); }
  }
};

}  // namespace adjust

/// DPO with a larger beta for pairs that a reward model tells apart clearly.
///
/// \f[ L = -\log\sigma(\beta_i(\rho_w - \rho_l)),\quad
///     \beta_i = \max(\beta_{min}, \beta(1 + w(1 - e^{-k d_i}))),\quad
///     \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// d is the record's `judge_gap`; where it is negative beta_i falls, below 0 without the floor
/// (`smallest_beta` = -infinity, as the paper prints it). w = 0 is `dpo` for every beta above the
/// floor. Defaults: the paper's w and k, and the floor of its code; its scripts have w = 0.1. At
/// policy = reference L = log 2. The authors' label_smoothing is inverted (1 means none), so there
/// is none here.
template <class Real>
struct mm_dpo {
  Real beta = Real(0.1);
  Real w = Real(0.5);
  Real k = Real(0.5);
  Real smallest_beta = Real(1e-3);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::scale_by_judge_gap<Real>{w, k, smallest_beta});
  }
};
static_assert(check_loss<mm_dpo<float>, float>());

}  // namespace prefopt
