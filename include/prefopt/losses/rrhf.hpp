// SPDX-License-Identifier: MIT
#pragma once
/// \file  RRHF for a pair (Yuan et al. 2023, arXiv 2304.05302).

#include <prefopt/core/loss.hpp>
#include <prefopt/core/nll.hpp>

namespace prefopt {

/// A ranking loss on mean log-probabilities, and the likelihood of the better answer.
///
/// \f[ L = \max(0, \frac{\log\pi(y_l)}{|y_l|} - \frac{\log\pi(y_w)}{|y_w|}) - \log\pi(y_w) \f]
/// At the kink the slope is 0. The likelihood is summed, as the paper writes it, so that it
/// outweighs the ranking for long answers; `Reduction` takes another.
template <class Real, class Reduction = reduction::summed>
struct rrhf {
  Real alpha = Real(1);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::mean_log_prob>(
               "text", link::hinge<Real>{Real(0)}, Real(1)) +
           prefopt::nll<branch::chosen>("nll", alpha, nll);
  }
};
static_assert(check_loss<rrhf<float>, float>());

}  // namespace prefopt
