// SPDX-License-Identifier: MIT
#pragma once
/// \file  Token-level DPO, first form (Zeng et al. 2024, arXiv 2404.11999).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace score {

/// log pi(y) - log pi_ref(y) + sum over tokens of KL(reference || policy): TDPO's reward without
/// beta.
struct log_ratio_and_kl {
  static constexpr bool relative = true;
  template <class Branch>
  static constexpr column_set columns = log_ratio::columns<Branch> | sequence_kl::columns<Branch>;
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    return log_ratio{}.of<Branch>(x) + sequence_kl{}.of<Branch>(x);
  }
};

}  // namespace score

/// DPO that also counts how far each answer's distributions are from the reference's.
///
/// \f[ L = -\log\sigma(\beta(\rho_w - \rho_l - (D_l - D_w))),\quad
///     \rho = \log\frac{\pi}{\pi_{ref}},\quad D = \sum_t KL(\pi_{ref}\parallel\pi) \f]
/// The record's `chosen_kl` and `rejected_kl` are D, over the answer's tokens and the whole
/// vocabulary; both have a gradient. Rewards are beta (rho + D), as in the authors' code. At policy
/// = reference L = log 2.
template <class Real>
struct tdpo1 {
  Real beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio_and_kl>(
        "text", link::logistic<Real>{}, beta);
  }
};
static_assert(check_loss<tdpo1<float>, float>());

}  // namespace prefopt
