// SPDX-License-Identifier: MIT
#pragma once
/// \file  Re-Align's rDPO (Xing et al. 2025, arXiv 2502.13146).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Text preference and a preference for the image over a similar one that was retrieved; no anchor.
///
/// \f[ L = -\log\sigma(\beta(r_w - r_l)) - w_v\log\sigma(\beta\beta_v(r_w - r_{w|m'})),\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// `beta_v` scales beta, it does not replace it. At policy = reference L = (1 + w_v) log 2.
/// Defaults: beta 0.1 the authors', `beta_v` and `image_weight` 1 ours.
///
/// Also called: rDPO. With `beta_v` 1 it is `mfpo` with `margin_weight` 0.
template <class Real>
struct re_align {
  Real beta = Real(0.1);
  Real beta_v = Real(1);
  Real image_weight = Real(1);

  PREFOPT_HD constexpr auto terms() const
  {
    link::logistic<Real> const logistic{};
    return contrast<branch::chosen, branch::rejected, score::log_ratio>("text", logistic, beta) +
           contrast<branch::chosen, branch::perturbed<0>, score::log_ratio>(
               "image", logistic, beta * beta_v, Real(0), image_weight);
  }
};
static_assert(check_loss<re_align<float>, float>());

}  // namespace prefopt
