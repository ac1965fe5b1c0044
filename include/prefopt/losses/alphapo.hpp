// SPDX-License-Identifier: MIT
#pragma once
/// \file  AlphaPO (Gupta et al. 2025, arXiv 2501.03884).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace score {

/// (1 - p^-alpha) / alpha, p the answer's probability per token; log p at alpha = 0. It rises with
/// p for every alpha.
template <class Real>
struct alpha_mean_log_prob {
  static constexpr bool relative = false;
  static constexpr bool only_differences = true;
  template <class Branch>
  static constexpr column_set columns = mean_log_prob::columns<Branch>;

  Real alpha = Real(0.25);

  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    using std::expm1;
    auto const a = mean_log_prob{}.template of<Branch>(x);
    return alpha == Real(0) ? a : expm1(-alpha * a) / -alpha;
  }
  template <class Positive, class Negative>
  PREFOPT_HD auto difference(auto const& x) const
  {
    auto const a = mean_log_prob{}.template of<Positive>(x);
    auto const b = mean_log_prob{}.template of<Negative>(x);
    return alpha == Real(0) ? a - b : detail::exp_difference(-alpha * b, -alpha * a) / alpha;
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("alpha", alpha);
  }
};

}  // namespace score

/// SimPO with a reward of another shape: alpha > 0 widens the gaps of unlikely answers, alpha < 0
/// narrows them.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u),\quad u = \beta(R_w - R_l) - \gamma,\quad
///     R = \frac{1 - \pi(y)^{-\alpha/|y|}}{\alpha} \f]
/// alpha = 0 is `simpo`. Where the reward leaves Real's range, loss or gradient are infinite, never
/// NaN. Defaults: alpha 0.25 and beta 2.5 the paper's, gamma 0.25 (0.1 beta) ours.
///
/// Also called: TRL's CPOTrainer `alphapo` (SimPO with `alpha`). It raises exp(log p) to the power
/// -alpha, which is infinite or NaN for unlikely answers; with `loss_type="sigmoid"` its `alpha`
/// acts on sums of log-probabilities, not on means.
template <class Real>
struct alphapo {
  Real beta = Real(2.5);
  Real gamma = Real(0.25);
  Real alpha = Real(0.25);
  Real label_smoothing = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected>("text", link::logistic<Real>{label_smoothing},
                                                      beta, gamma, Real(1),
                                                      score::alpha_mean_log_prob<Real>{alpha});
  }
};
static_assert(check_loss<alphapo<float>, float>());

}  // namespace prefopt
