// SPDX-License-Identifier: MIT
#pragma once
/// \file  Divergence from the reference as a penalty (HALVA, arXiv 2405.18654; RRPO, arXiv
/// 2504.12083).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// Keeps the policy near the reference on the chosen answer: a term to add to any loss, or the loss
/// of a replay set.
///
/// \f[ L = \alpha\sum_t KL(\pi_{ref}(\cdot|y_{<t}) \Vert \pi(\cdot|y_{<t})) \f]
/// The column `chosen_kl` is the sum over the answer's tokens. At policy = reference L = 0. `alpha`
/// defaults to HALVA's for 7B (0.5 for 13B, 0.2 for VILA).
template <class Real>
struct reference_kl {
  Real alpha = Real(0.4);

  PREFOPT_HD constexpr auto terms() const
  {
    return anchor<branch::chosen, score::sequence_kl>("kl", link::identity{}, Real(1), Real(0),
                                                      alpha);
  }
};
static_assert(check_loss<reference_kl<float>, float>());

}  // namespace prefopt
