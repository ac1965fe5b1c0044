// SPDX-License-Identifier: MIT
#pragma once
/// \file  APO-down (D'Oosterlinck et al. 2024, arXiv 2408.06266).

#include <cmath>

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Lowers the chosen answer, and the rejected one more: for a policy that is better than the chosen
/// answers.
///
/// \f[ L = \sigma(r_w) + \sigma(-(r_w - r_l)),\quad r = \beta\log\frac{\pi}{\pi_{ref}} \f]
/// At policy = reference L = 1.
///
/// Also called: TRL and Liger `apo_down`.
template <class Real>
struct apo_down {
  Real beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    return repel<branch::chosen, score::log_ratio>("chosen", link::sigmoid{}, beta) +
           contrast<branch::chosen, branch::rejected, score::log_ratio>("text", link::sigmoid{},
                                                                        beta);
  }

  /// The chosen answer's derivative is the difference of two slopes of the sigmoid, which are close
  /// wherever r_l is small: by sigma'(x) = 1 / (4 cosh^2(x/2)) it is a product instead.
  template <class Value>
  PREFOPT_HD auto with_gradient(pair_logps<Value> const& x) const
  {
    using std::exp;
    using std::expm1;
    auto const sum = terms();
    Value const chosen = sum.first.template reward<branch::chosen>(x);
    Value const rejected = sum.first.template reward<branch::rejected>(x);
    Value const margin = sum.rest.first.margin(x);

    Value const near_chosen = exp(-abs(chosen)), near_margin = exp(-abs(margin));
    Value const both = (Value(1) + near_chosen) * (Value(1) + near_margin);
    Value const size = max(near_chosen, near_margin) * expm1(-abs(chosen + margin)) *
                       expm1(-abs(rejected)) / (both * both);
    Value const difference = select(rejected > Value(0), -size, size);
    Value const slope = sigmoid(margin) * sigmoid(-margin);

    value_gradient<apo_down, Value> out;
    out.value = sum(x);
    out.gradient.chosen = beta * select(chosen + margin > Value(0), difference, -difference);
    out.gradient.rejected = beta * slope;
    return out;
  }
};
static_assert(check_loss<apo_down<float>, float>());

}  // namespace prefopt
