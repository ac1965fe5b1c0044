// SPDX-License-Identifier: MIT
#pragma once
/// \file  Supervised fine-tuning: the likelihood of one answer (Ouyang et al. 2022, arXiv
/// 2203.02155).

#include <prefopt/core/loss.hpp>
#include <prefopt/core/nll.hpp>

namespace prefopt {

/// The negative log-likelihood of an answer, as a loss to add to any other.
///
/// \f[ L = -\alpha\frac{1}{|y|}\log\pi(y) \f]
/// per sequence by default; `reduction::per_token` makes the mean over a batch that over its
/// tokens, and `reduction::summed` leaves it a sum. `Span` is the branch: the chosen answer,
/// `branch::gold`, or `branch::completion` of an unpaired set.
///
/// Also called: TRL's `sft` among DPO losses, per token of the micro-batch, which is NaN where no
/// token counts; here such a sample is left out by weight 0.
template <class Real, class Reduction = reduction::per_sequence, class Span = branch::chosen>
struct sft {
  Real alpha = Real(1);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const { return prefopt::nll<Span>("nll", alpha, nll); }
};
static_assert(check_loss<sft<float>, float>());

}  // namespace prefopt
