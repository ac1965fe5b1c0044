// SPDX-License-Identifier: MIT
#pragma once
/// \file  ORPO (Hong et al. 2024, arXiv 2403.07691, eqs. 6 and 7).

#include <prefopt/core/loss.hpp>
#include <prefopt/core/nll.hpp>

namespace prefopt {

namespace score {

/// log(p / (1 - p)), p the answer's probability per token. With a `ceiling` below 0, mean
/// log-probabilities above it count as it and have no gradient.
template <class Real>
struct log_odds {
  static constexpr bool relative = false;
  template <class Branch>
  static constexpr column_set columns = mean_log_prob::columns<Branch>;

  Real ceiling = Real(0);

  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    auto a = mean_log_prob{}.template of<Branch>(x);
    if (ceiling < Real(0)) { a = select(a > decltype(a)(ceiling), decltype(a)(ceiling), a); }
    return a - log1m_exp(a);
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("ceiling", ceiling);
    check.not_negative("-ceiling", -ceiling);
  }
};

}  // namespace score

/// A likelihood term and a preference for the odds of the chosen answer.
///
/// \f[ L = -\alpha\frac{1}{|y_w|}\log\pi(y_w) - \beta\log\sigma(o_w - o_l),\quad
///     o = \log\frac{p}{1-p},\quad p = \pi(y)^{1/|y|} \f]
/// The paper's lambda is `beta`, which weighs the term and is not inside the sigmoid; 0.1 is TRL's,
/// `alpha` 1 the paper's. `Reduction` is the likelihood's, and `Span` the branch that it is taken
/// from, as in `rpo`. The odds of a certain answer are infinite: where its mean log-probability may
/// round to 0 (a confident model in fp32), set `ceiling`, say to -1e-7. Below it digits are kept.
///
/// Also called: TRL's ORPOTrainer, Liger `LigerFusedLinearORPOLoss`, LLaMA-Factory `orpo`. TRL's
/// likelihood spans prompt and answer (`Span` = `branch::gold`), LLaMA-Factory's the answer. With
/// log(1 - exp) as they write it, Liger and LLaMA-Factory lose 9 digits at a mean of -1e-9, and
/// TRL's gradient is NaN above -3e-8 in float.
template <class Real, class Reduction = reduction::per_sequence, class Span = branch::chosen>
struct orpo {
  Real beta = Real(0.1);
  Real alpha = Real(1);
  Real ceiling = Real(0);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected>("odds ratio", link::logistic<Real>{}, Real(1),
                                                      Real(0), beta,
                                                      score::log_odds<Real>{ceiling}) +
           prefopt::nll<Span>("nll", alpha, nll);
  }
};
static_assert(check_loss<orpo<float>, float>());

}  // namespace prefopt
