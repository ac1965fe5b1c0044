// SPDX-License-Identifier: MIT
#pragma once
/// \file  CPO with a hinge (TRL's CPOTrainer; the hinge of SLiC, arXiv 2305.10425).

#include <prefopt/core/loss.hpp>
#include <prefopt/core/nll.hpp>

namespace prefopt {

/// `cpo` with a hinge for its sigmoid.
///
/// \f[ L = \max(0, 1 - \beta(\log\pi(y_w) - \log\pi(y_l)))
///         - \alpha\frac{1}{|y_w|}\log\pi(y_w) \f]
/// At the kink the slope is 0. `Reduction` is the likelihood's, as in `rpo`. Defaults are TRL's.
///
/// Also called: TRL's CPOTrainer `hinge`. SLiC-HF without beta is `slic_hf`.
template <class Real, class Reduction = reduction::per_sequence>
struct cpo_hinge {
  Real beta = Real(0.1);
  Real alpha = Real(1);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_prob>("text", link::hinge<Real>{},
                                                                       beta) +
           prefopt::nll<branch::chosen>("nll", alpha, nll);
  }
};
static_assert(check_loss<cpo_hinge<float>, float>());

}  // namespace prefopt
