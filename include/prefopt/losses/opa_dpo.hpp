// SPDX-License-Identifier: MIT
#pragma once
/// \file  OPA-DPO (Yang et al. 2025, arXiv 2501.09695), on whole sequences.

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Two text pairs against the model's own answer o, two image pairs, and anchors on both better
/// answers: the expert's revision s and the AI's a.
///
/// \f[ L = c_s(\ell(s,o) + c\,\ell(s,s|m')) + c_a(\ell(a,o) + c\,\ell(a,a|m'))
///         + 2 w [\phi(\beta r_s - v) + \phi(v - \beta r_a)],\quad
///     \ell(x,y) = -\log\sigma(\beta(r_x - r_y)) \f]
/// with phi = -log sigma, or the square with `AnchorLink` = `link::square`. The columns: `chosen`
/// s, `rejected` a, `other_rejected[0]` o, `perturbed[0]` s given m', `rejected_perturbed[0]` a
/// given m'. s is anchored above v and a below it, each twice, as in the authors' code, where each
/// pair has its anchors. At policy = reference and v = 0, L = (c_s + c_a)(1 + c) log 2 + 4 w log 2.
/// Defaults are the authors', c_s and c_a 1 ours.
///
/// Also called: the authors' code takes sigmoids of tokens, see `opa_dpo_pair`. With detailed
/// reports it scales log-ratios by scores per token: weight the tokens when a row's sum is formed.
template <class Real, class AnchorLink = link::logistic<Real>>
struct opa_dpo {
  Real beta = Real(0.1);
  Real standard_weight = Real(1);
  Real ai_weight = Real(1);
  Real copo_weight = Real(0.2);
  Real anchor_weight = Real(1);
  Real anchor = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    using branch::chosen, branch::rejected;
    using own = branch::other_rejected<0>;
    using r = score::log_ratio;
    link::logistic<Real> const logistic{};
    return contrast<chosen, own, r>("text", logistic, beta, Real(0), standard_weight) +
           contrast<rejected, own, r>("text, AI", logistic, beta, Real(0), ai_weight) +
           contrast<chosen, branch::perturbed<0>, r>("image", logistic, beta, Real(0),
                                                     copo_weight * standard_weight) +
           contrast<rejected, branch::rejected_perturbed<0>, r>("image, AI", logistic, beta,
                                                                Real(0), copo_weight * ai_weight) +
           prefopt::anchor<chosen, r>("margin", AnchorLink{}, beta, anchor, 2 * anchor_weight) +
           repel<rejected, r>("margin, AI", AnchorLink{}, beta, -anchor, 2 * anchor_weight);
  }
};
static_assert(check_loss<opa_dpo<float>, float>());

}  // namespace prefopt
