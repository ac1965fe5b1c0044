// SPDX-License-Identifier: MIT
#pragma once
/// \file  CPO with IPO's square (TRL's CPOTrainer; IPO, arXiv 2310.12036, eq. 17).

#include <prefopt/core/nll.hpp>
#include <prefopt/losses/ipo.hpp>

namespace prefopt {

/// `ipo` without reference, and a likelihood term.
///
/// \f[ L = (\frac{\log\pi(y_w)}{|y_w|} - \frac{\log\pi(y_l)}{|y_l|} - \frac{1}{2\beta})^2
///         - \alpha\frac{1}{|y_w|}\log\pi(y_w) \f]
/// `Reduction` is the likelihood's, as in `rpo`. Defaults are TRL's.
///
/// Also called: TRL's CPOTrainer `ipo`.
template <class Real, class Reduction = reduction::per_sequence>
struct cpo_ipo {
  Real beta = Real(0.1);
  Real alpha = Real(1);
  Reduction nll{};

  PREFOPT_HD constexpr auto terms() const
  {
    return detail::ipo_term<score::mean_log_prob>(beta) +
           prefopt::nll<branch::chosen>("nll", alpha, nll);
  }
};
static_assert(check_loss<cpo_ipo<float>, float>());

}  // namespace prefopt
