// SPDX-License-Identifier: MIT
#pragma once
/// \file  SimPO with a hinge (Meng et al. 2024, arXiv 2405.14734; `loss_type` of its authors'
/// code).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// `simpo` with a hinge for its sigmoid.
///
/// \f[ L = \max(0, 1 - \beta(\frac{\log\pi(y_w)}{|y_w|} - \frac{\log\pi(y_l)}{|y_l|}) + \gamma) \f]
/// At the kink the slope is 0. `gamma` is on the scale of the reward, as in `simpo`, whose defaults
/// these are.
///
/// Also called: princeton-nlp/SimPO `hinge`.
template <class Real>
struct simpo_hinge {
  Real beta = Real(2);
  Real gamma = Real(0.5);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::mean_log_prob>(
        "text", link::hinge<Real>{}, beta, gamma);
  }
};
static_assert(check_loss<simpo_hinge<float>, float>());

}  // namespace prefopt
