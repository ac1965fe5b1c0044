// SPDX-License-Identifier: MIT
#pragma once
/// \file  Hinge: SLiC-HF's and RSO's loss on DPO's margin (Liu et al. 2023, arXiv 2309.06657).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// \f[ L = \max(0, 1 - \beta(\log\frac{\pi(y_w)}{\pi_{ref}(y_w)}
///                             - \log\frac{\pi(y_l)}{\pi_{ref}(y_l)})) \f]
/// At the kink the gradient is 0. At policy = reference L = 1.
///
/// Also called: TRL and Liger `hinge`, torchtune's `RSOLoss`. SLiC-HF itself has no reference.
template <class Real, class Score = score::log_ratio>
struct hinge {
  Real beta = Real(0.1);
  Score score{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected>("text", link::hinge<Real>{}, beta, Real(0),
                                                      Real(1), score);
  }
};
static_assert(check_loss<hinge<float>, float>());

}  // namespace prefopt
