// SPDX-License-Identifier: MIT
#pragma once
/// \file  Binary Classifier Optimization (Jung et al. 2024, arXiv 2404.04656).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Classifies answers as desirable (label 1) or not (label 0) by their reward.
///
/// \f[ L_D = -\log\sigma(r - \delta),\quad L_U = -\log\sigma(-(r - \delta)),\quad
///     r = \beta\log\frac{\pi}{\pi_{ref}} \f]
/// `delta` is on the scale of the reward: `bco_delta::value()`, the running mean of all rewards
/// with this batch in it, without gradient. At policy = reference and delta = 0, L = log 2.
///
/// Where the two classes answer different prompts, the paper weighs undesirable samples by how
/// desirable their prompts look: weight column 1 where label is 1, `udm_weight(p)` where it is 0.
/// The divisor stays the number of samples, as in TRL.
///
/// Also called: TRL's BCOTrainer (`prompt_sample_size`, `min_density_ratio` ... are of the UDM
/// weight). On pairs: `bco_pair`.
template <class Real>
struct bco {
  Real beta = Real(0.1);
  Real delta = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::completion, branch::none, score::log_ratio>(
        "completion", link::logistic<Real>{}, beta, delta, Real(1), {}, adjust::by_label<Real>{});
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("delta", delta);
  }
};
static_assert(check_loss<bco<float>, float>());

/// p / (1 - p) within [low, high]: the weight of an undesirable sample (arXiv 2404.04656),
/// p the probability that its prompt is one of a desirable sample, from a classifier of prompts.
/// The bounds and the 1e-8 beside 1 - p are TRL's. NaN propagates.
template <class Real>
PREFOPT_HD Real udm_weight(Real p, Real low = Real(0.5), Real high = Real(10))
{
  return clamp(p / (Real(1) - p + Real(1e-8)), low, high);
}

}  // namespace prefopt
