// SPDX-License-Identifier: MIT
#pragma once
/// \file  DAMA, data- and model-aware DPO (arXiv 2502.01943).

#include <cmath>

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// beta * factor * sigmoid(gap) / sigmoid(mean gap), gap the judge's, and no less than
/// `smallest_beta`.
template <class Real>
struct scale_by_judge_preference {
  static constexpr column_set columns{.extra = {.judge_gap = true}};
  static constexpr bool relative = true;
  Real factor = Real(1);
  Real mean_gap = Real(0);
  Real smallest_beta = Real(1e-3);

  PREFOPT_HD auto beta(Real beta, auto const& x) const
  {
    using std::exp;
    using value = std::remove_cvref_t<decltype(x.judge_gap)>;
    value const preference = exp(log_sigmoid(x.judge_gap) - log_sigmoid(mean_gap));
    return max(beta * factor * preference, value(smallest_beta));
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.not_negative("model_factor", factor);
    check.finite("mean_judge_gap", mean_gap);
    check.not_negative("smallest_beta", smallest_beta);
  }
};

}  // namespace adjust

/// DPO with a beta of its own for each pair: larger where CLIP tells the answers apart, and in
/// batches that the policy tells apart.
///
/// \f[ L = -\log\sigma(\beta_i(r_w - r_l)),\quad
///     \beta_i = \max(\beta_{min}, \beta\frac{\sigma(g_i)}{\sigma(\bar g)}M),\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// g is the record's `judge_gap`, the difference of the CLIP scores of the two answers;
/// `mean_judge_gap` its mean over the data set, by default that of the authors' data. M is
/// `dama_model_factor` of the pairs that `select_by_gap` (with deviation 1) draws from the global
/// batch, without gradient; its `selected` is the weight column, its `gap.count` the divisor. At
/// policy = reference L = log 2.
///
/// Also called: `DAMA/llava/train/train_dpo.py` of injadlu/DAMA, which divides by the pairs left on
/// each device.
template <class Real>
struct dama {
  Real beta = Real(0.1);
  Real model_factor = Real(1);
  Real mean_judge_gap = Real(0.0482190464911681);
  Real smallest_beta = Real(1e-3);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::scale_by_judge_preference<Real>{model_factor, mean_judge_gap, smallest_beta});
  }
};
static_assert(check_loss<dama<float>, float>());

}  // namespace prefopt
