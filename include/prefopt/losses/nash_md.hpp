// SPDX-License-Identifier: MIT
#pragma once
/// \file  Nash-MD, Nash learning from human feedback (Munos et al. 2023, arXiv 2312.00886).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// Weights by the judge's score less 1/2.
struct by_advantage {
  static constexpr column_set columns{.extra = {.judge_score = true}};
  static constexpr bool relative = false;
  PREFOPT_HD auto weight(auto const& x) const
  {
    using value = std::remove_cvref_t<decltype(x.judge_score)>;
    return x.judge_score - value(0.5f);
  }
};

}  // namespace adjust

/// Policy gradient for answers that beat those of a mixture of policy and reference, as a loss of
/// whole answers.
///
/// \f[ L = \frac{\beta}{2}\rho^2 - (P - \tfrac12)\log\pi(y),\quad
///     \rho = \log\frac{\pi(y)}{\pi_{ref}(y)} \f]
/// P in [0, 1] is the record's `judge_score`: the probability that y beats the mixture's answer.
/// The derivative by log pi(y) is beta rho - (P - 1/2), and L is its integral, so that the gradient
/// is the derivative of the value; TRL reports beta sg(rho) log pi(y) - (P - 1/2) log pi(y), which
/// has the same gradient. At policy = reference only the second term is left.
///
/// TRL's `NashMDTrainer` forms the product per token: its seed is dL/dlog pi(y_t) = beta rho_t - (P
/// - 1/2), rho_t the token's own log-ratio, where this loss has the same number, with the answer's
/// whole rho, for each of its tokens. The sum of products is not the product of sums.
template <class Real>
struct nash_md {
  Real beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    return anchor<branch::completion, score::log_ratio>("kl", link::square{}, Real(1), Real(0),
                                                        beta / 2) +
           contrast<branch::completion, branch::none, score::log_prob>(
               "preference", link::negative{}, Real(1), Real(0), Real(1), {},
               adjust::by_advantage{});
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("beta", beta);
  }
};
static_assert(check_loss<nash_md<float>, float>());

}  // namespace prefopt
