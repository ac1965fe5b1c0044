// SPDX-License-Identifier: MIT
#pragma once
/// \file  WPO: DPO weighted by how likely its answers are now (Zhou et al. 2024, arXiv 2406.11827).

#include <cmath>

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// Weights by min(max_weight, e^(a_w + a_l)) / mean_weight, a the record's adjustments.
template <class Real>
struct by_likelihood {
  static constexpr column_set columns{.extra = {.adjustment = true}};
  static constexpr bool relative = false;
  Real max_weight = Real(1);
  Real mean_weight = Real(1);

  PREFOPT_HD auto weight(auto const& x) const
  {
    using std::exp;
    auto const w = exp(x.chosen_adjustment + x.rejected_adjustment);
    return min(w, max_weight) / mean_weight;
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    if (max_weight != infinity_v<Real>) { check.positive("max_weight", max_weight); }
    check.positive("mean_weight", mean_weight);
  }
};

}  // namespace adjust

/// DPO in which pairs that the policy would hardly write itself count less.
///
/// \f[ L = \frac{w}{\bar w}(-\log\sigma(\beta(\rho_w - \rho_l))),\quad
///     w = \min(w_{max}, e^{a_w + a_l}),\quad
///     a = \frac{1}{|y|}\sum_t(\log\pi(y_t) - \log\sum_v\pi(v)^2) \f]
/// The record's `chosen_adjustment` and `rejected_adjustment` are a, of the current policy; no
/// gradient goes through them. `max_weight` is 1 in the authors' code and here by default;
/// infinity leaves the weight as it is. `mean_weight`, 1 by default, is for those who divide by the
/// mean of w over their global batch.
///
/// Also called: TRL `use_weighting`, with max_weight 1 up to 0.28 and infinity since.
template <class Real>
struct wpo {
  Real beta = Real(0.1);
  Real max_weight = Real(1);
  Real mean_weight = Real(1);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::by_likelihood<Real>{max_weight, mean_weight});
  }
};
static_assert(check_loss<wpo<float>, float>());

}  // namespace prefopt
