// SPDX-License-Identifier: MIT
#pragma once
/// \file  A*-PO, optimal advantage regression (Brantley et al. 2025, arXiv 2505.20686).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// The judge's score of the answer is the target.
struct by_judge_score {
  static constexpr column_set columns{.extra = {.judge_score = true}};
  static constexpr bool relative = false;
  PREFOPT_HD auto offset(auto const& x) const { return x.judge_score; }
};

}  // namespace adjust

/// Regresses the implicit reward of one sampled answer on its advantage over the best policy's
/// value.
///
/// \f[ L = (\beta\log\frac{\pi(y)}{\pi_{ref}(y)} - (R - V^*))^2 \f]
/// R is the record's `judge_score`. V* = b log mean exp(R_i / b) over samples of the reference
/// model belongs to a prompt: `optimal_value` serves a batch of one prompt; for several leave it 0
/// and give R - V* as the score. At policy = reference L = (R - V*)^2. `beta` defaults to 1e-3,
/// TRL's beta2.
template <class Real>
struct a2po {
  Real beta = Real(1e-3);
  Real optimal_value = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::completion, branch::none, score::log_ratio>(
        "advantage", link::square{}, beta, -optimal_value, Real(1), {}, adjust::by_judge_score{});
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("optimal_value", optimal_value);
  }
};
static_assert(check_loss<a2po<float>, float>());

}  // namespace prefopt
