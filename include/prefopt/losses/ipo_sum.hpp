// SPDX-License-Identifier: MIT
#pragma once
/// \file  IPO on summed log-probabilities (Azar et al. 2023, arXiv 2310.12036, eq. 17).

#include <prefopt/losses/ipo.hpp>

namespace prefopt {

/// IPO as the paper prints it, on whole-sequence log-ratios: its scale grows with the square of the
/// length, so `ipo` is what most trainers mean.
///
/// \f[ L = (\log\frac{\pi(y_w)}{\pi_{ref}(y_w)} - \log\frac{\pi(y_l)}{\pi_{ref}(y_l)}
///          - \frac{1}{2\beta})^2 \f]
/// At policy = reference L = 1 / (4 beta^2). `beta` > 0.
///
/// Also called: `ipo` in the authors' sense, in XPO and online DPO.
template <class Real, class Score = score::log_ratio>
struct ipo_sum {
  static_assert(!detail::per_token_score<Score>,
                "prefopt: this loss compares sums; the one on scores per token is ipo");

  Real beta = Real(0.1);
  Score score{};

  PREFOPT_HD constexpr auto terms() const { return detail::ipo_term(beta, score); }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.positive("beta", beta);
  }
};
static_assert(check_loss<ipo_sum<float>, float>());

}  // namespace prefopt
