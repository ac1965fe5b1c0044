// SPDX-License-Identifier: MIT
#pragma once
/// \file  SLiC-HF (Zhao et al. 2023, arXiv 2305.10425).

#include <prefopt/core/loss.hpp>
#include <prefopt/core/nll.hpp>

namespace prefopt {

/// A hinge on log-probabilities, and the likelihood of an answer to stay close to.
///
/// \f[ L = \max(0, \delta - \log\pi(y_w) + \log\pi(y_l)) - \lambda\log\pi(y_{ref}) \f]
/// with y_ref the branch `Span`: the chosen answer, or `branch::gold` for another (the paper's
/// supervised target). At the kink the slope is 0. Defaults are those of HALOs: delta 1, lambda
/// 0.1.
///
/// Also called: HALOs `slic`, whose likelihood is broadcast over tokens. TRL's `hinge` is another
/// loss, on log-ratios with beta.
template <class Real, class Reduction = reduction::summed, class Span = branch::chosen>
struct slic_hf {
  Real delta = Real(1);
  Real lambda = Real(0.1);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_prob>(
               "text", link::hinge<Real>{delta}, Real(1)) +
           prefopt::nll<Span>("nll", lambda, nll);
  }
};
static_assert(check_loss<slic_hf<float>, float>());

}  // namespace prefopt
