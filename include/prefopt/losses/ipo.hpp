// SPDX-License-Identifier: MIT
#pragma once
/// \file  Identity Preference Optimization (Azar et al. 2023, arXiv 2310.12036, eq. 17).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace detail {

template <class Score, class Real>
PREFOPT_HD constexpr auto ipo_term(Real beta, Score score = {})
{
  return contrast<branch::chosen, branch::rejected>("text", link::square{}, Real(1), 1 / (2 * beta),
                                                    Real(1), score);
}

}  // namespace detail

/// IPO on length-normalised log-ratios, the field's default. `beta` is the paper's tau.
///
/// \f[ L = (\frac{1}{|y_w|}\log\frac{\pi(y_w)}{\pi_{ref}(y_w)}
///          - \frac{1}{|y_l|}\log\frac{\pi(y_l)}{\pi_{ref}(y_l)} - \frac{1}{2\beta})^2 \f]
/// Lengths are completion tokens, 1 or more: anything else throws in host memory and gives NaN or
/// an infinity in device memory. At policy = reference L = 1 / (4 beta^2). `beta` > 0.
/// `Score` is that or an f-divergence of the mean, `score::forward_kl<score::mean_log_ratio>`.
///
/// Also called: TRL and LLaMA-Factory `ipo`, HALOs `ipo` (whose mean leaves out tokens that policy
/// and reference agree on, and is NaN where they all do). TRL's f-divergences are those of the sum,
/// divided by the length.
template <class Real, class Score = score::mean_log_ratio>
struct ipo {
  static_assert(
      detail::per_token_score<Score>,
      "prefopt: this loss compares scores per token; give the divergence that base, "
      "score::forward_kl<score::mean_log_ratio>, or take the loss on sums (dpo, ipo_sum)");

  Real beta = Real(0.1);
  Score score{};

  PREFOPT_HD constexpr auto terms() const { return detail::ipo_term(beta, score); }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.positive("beta", beta);
  }
};
static_assert(check_loss<ipo<float>, float>());

}  // namespace prefopt
