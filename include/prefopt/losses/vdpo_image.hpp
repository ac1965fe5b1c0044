// SPDX-License-Identifier: MIT
#pragma once
/// \file  V-DPO's image contrast (Xie et al. 2024, arXiv 2411.02712), as in its authors' code.

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// The chosen answer is preferred given the image over given a corrupted one, whose
/// log-probability under the policy is a constant: only the chosen answer moves.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u),\quad u = \beta(r_w - \mathrm{sg}(r_{w|m'})),\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// At policy = reference L = log 2. The gradient of the perturbed column is 0, always. With a
/// gradient to both sides it is `conditional_preference`. `beta` defaults to the authors'.
///
/// Also called: `language_bias_reduce` of the authors' code, which takes half of its text term's
/// label smoothing; this e is used as it is given.
template <class Real>
struct vdpo_image {
  Real beta = Real(0.1);
  Real label_smoothing = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::detached<branch::perturbed<0>>, score::log_ratio>(
        "image", link::logistic<Real>{label_smoothing}, beta);
  }
};
static_assert(check_loss<vdpo_image<float>, float>());

}  // namespace prefopt
