// SPDX-License-Identifier: MIT
#pragma once
/// \file  Mixed Preference Optimization (Wang et al. 2024, arXiv 2411.10442, eq. 1).

#include <prefopt/core/nll.hpp>
#include <prefopt/losses/bco_pair.hpp>
#include <prefopt/losses/dpo.hpp>

namespace prefopt {

/// Preference (DPO), quality of each answer (BCO) and generation (likelihood of the chosen one).
///
/// \f[ L = -w_p\log\sigma(r_w - r_l) - w_q[\log\sigma(r_w - \delta) + \log\sigma(-(r_l - \delta))]
///         - w_g\frac{1}{|y_w|}\log\pi(y_w),\quad r = \beta\log\frac{\pi}{\pi_{ref}} \f]
/// `delta` is `bco_pair`'s running mean of rewards, which the caller keeps; 0 leaves it out.
/// `Reduction` is the likelihood's, as in `rpo`. At policy = reference and delta 0, L = (w_p + 2
/// w_q) log 2 and the likelihood. The weights default to InternVL's, 0.8, 0.2 and 1.
///
/// Also called: TRL `loss_type=["sigmoid", "bco_pair", "sft"]` with `loss_weights` (likelihood per
/// token of the micro-batch, no delta since 0.29). LLaMA-Factory's `pref_bco_weight` g and
/// `pref_ftx` f make (dpo + g bco) / (1 + g) + f NLL, with a running delta: g 0.25 and f 1 are
/// these weights.
template <class Real, class Reduction = reduction::per_sequence>
struct mpo {
  Real beta = Real(0.1);
  Real preference_weight = Real(0.8);
  Real quality_weight = Real(0.2);
  Real generation_weight = Real(1);
  Real delta = Real(0);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return preference_weight * dpo<Real>{.beta = beta} +
           quality_weight * bco_pair<Real>{.beta = beta, .delta = delta} +
           prefopt::nll<branch::chosen>("generation", generation_weight, nll);
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("delta", delta);
  }
};
static_assert(check_loss<mpo<float>, float>());

}  // namespace prefopt
