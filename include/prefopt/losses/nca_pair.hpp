// SPDX-License-Identifier: MIT
#pragma once
/// \file  NCA on pairs (Chen et al. 2024, arXiv 2402.05369).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Noise-contrastive alignment: raises the chosen answer's own reward, and holds both rewards back.
///
/// \f[ L = -\log\sigma(r_w) - \frac12\log\sigma(-r_w) - \frac12\log\sigma(-r_l),\quad
///     r = \beta\log\frac{\pi}{\pi_{ref}} \f]
/// Smallest at r_w = log 2. At policy = reference L = 2 log 2.
///
/// Also called: TRL and Liger `nca_pair`.
template <class Real>
struct nca_pair {
  Real beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    link::logistic<Real> const logistic{};
    return anchor<branch::chosen, score::log_ratio>("chosen", logistic, beta) +
           repel<branch::chosen, score::log_ratio>("chosen held back", logistic, beta, Real(0),
                                                   Real(0.5)) +
           repel<branch::rejected, score::log_ratio>("rejected", logistic, beta, Real(0),
                                                     Real(0.5));
  }
};
static_assert(check_loss<nca_pair<float>, float>());

}  // namespace prefopt
