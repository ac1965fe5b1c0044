// SPDX-License-Identifier: MIT
#pragma once
/// \file  One pair of OPA-DPO (Yang et al. 2025, arXiv 2501.09695), on whole sequences.

#include <prefopt/losses/mfpo.hpp>

namespace prefopt {

/// Text preference, conditional image preference and reward anchor of one pair: MFPO's formula with
/// the authors' weights.
///
/// \f[ L = -\log\sigma(\beta(r_w - r_l)) - c\log\sigma(\beta(r_w - r_{w|m'}))
///         - a\log\sigma(\beta r_w - v),\quad r = \log\frac{\pi}{\pi_{ref}} \f]
/// At policy = reference and v = 0, L = (1 + c + a) log 2. Defaults are the authors': beta 0.1,
/// `copo_weight` c 0.2, `anchor_weight` a 1, `anchor` v 0. m' has 30 % of the image masked.
///
/// Also called: the authors' code takes the sigmoid of each token of two aligned answers and
/// averages over positions, padding included (each adds log 2); whole sequences need no alignment.
/// `opa_dpo` has both of their pairs.
template <class Real>
struct opa_dpo_pair {
  Real beta = Real(0.1);
  Real copo_weight = Real(0.2);
  Real anchor_weight = Real(1);
  Real anchor = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    return mfpo<Real>{.beta = beta,
                      .eta = anchor,
                      .modality_weight = {{copo_weight}},
                      .margin_weight = anchor_weight}
        .terms();
  }
};
static_assert(check_loss<opa_dpo_pair<float>, float>());

}  // namespace prefopt
