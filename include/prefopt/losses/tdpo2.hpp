// SPDX-License-Identifier: MIT
#pragma once
/// \file  Token-level DPO, second form (Zeng et al. 2024, arXiv 2404.11999).

#include <prefopt/losses/tdpo1.hpp>

namespace prefopt {

namespace score {

/// TDPO's rewards, whose difference takes `alpha` times the divergences, the positive branch's as a
/// constant.
template <class Real>
struct log_ratio_and_scaled_kl : log_ratio_and_kl {
  Real alpha = Real(0.5);

  template <class Positive, class Negative>
  PREFOPT_HD auto difference(auto const& x) const
  {
    auto const drift = sequence_kl{}.of<Negative>(x) - detach(sequence_kl{}.of<Positive>(x));
    return (log_ratio{}.of<Positive>(x) - log_ratio{}.of<Negative>(x)) - alpha * drift;
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("alpha", alpha);
  }
};

}  // namespace score

/// TDPO in which the chosen answer's divergence is a baseline and the rejected one's is weighted.
///
/// \f[ L = -\log\sigma(\beta(\rho_w - \rho_l - \alpha(D_l - \mathrm{sg}(D_w)))),\quad
///     \rho = \log\frac{\pi}{\pi_{ref}},\quad D = \sum_t KL(\pi_{ref}\parallel\pi) \f]
/// sg stops the gradient: that of `chosen_kl` is 0. Rewards are `tdpo1`'s. At policy = reference L
/// = log 2. `alpha` defaults to 0.5, the authors'.
template <class Real>
struct tdpo2 {
  Real beta = Real(0.1);
  Real alpha = Real(0.5);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected>(
        "text", link::logistic<Real>{}, beta, Real(0), Real(1),
        score::log_ratio_and_scaled_kl<Real>{{}, alpha});
  }
};
static_assert(check_loss<tdpo2<float>, float>());

}  // namespace prefopt
