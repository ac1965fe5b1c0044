// SPDX-License-Identifier: MIT
#pragma once
/// \file  HALVA's contrastive tuning (Sarkar et al. 2024, arXiv 2405.18654).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// One pair of phrases, right and hallucinated, without reference and without beta.
///
/// \f[ L = \log(1 + e^{\log\pi(y_l) - \log\pi(y_w)}) = -\log\sigma(\log\pi(y_w) - \log\pi(y_l)) \f]
/// The log-probabilities are those of the phrases alone; a sample is one pair of phrases, and the
/// mean is over all pairs of the batch. A phrase that is not there is left out (weight 0): in the
/// authors' code it adds log 2. The other part of their loss, KL(reference || policy) on a replay
/// set, is `reference_kl`, with weight 0.4 for 7B, 0.5 for 13B and 0.2 for VILA.
///
/// Also called: the authors' code computes log(1 + exp) as it is written: infinite above 88 nats,
/// with NaN gradients.
template <class Real>
struct halva {
  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_prob>(
        "phrase", link::logistic<Real>{}, Real(1));
  }
};
static_assert(check_loss<halva<float>, float>());

}  // namespace prefopt
