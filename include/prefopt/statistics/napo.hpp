// SPDX-License-Identifier: MIT
#pragma once
/// \file  NaPO's two numbers of a batch: how robust against noise its losses are, and how they
/// share.

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// q = 1 - sigmoid(alpha psi) within [low, high] (Zhang et al., arXiv 2503.17928, equations 9 to
/// 12): near 0 the loss is DPO's, at 1 it is robust. psi is the mean reward margin of the global
/// batch, from a `weighted_mean`: with mean log-probs and alpha .5 for pairs of language bias, with
/// summed ones and alpha .01 for pairs of vision bias.
///
/// The authors' code differs: 2 (1 - sigmoid(alpha mean D)) from a floor of .001, D without beta,
/// and it averages the means of the ranks.
struct napo_robustness {
  double alpha = 0.01;
  double low = 0.01;
  double high = 1;

  /// NaN propagates.
  double q(double mean_margin) const { return min(max(sigmoid(-alpha * mean_margin), low), high); }
};

/// shares[k] = the share of loss k in the sum of the mean margins, at least `low` (arXiv
/// 2503.17928, equations 13 and 14: gamma). The shares that were raised to `low` make the sum
/// exceed 1.
///
/// The paper leaves negative margins open, where its quotient changes sign or divides by 0. Our
/// choice: a margin of 0 or less has the share `low`, and where no margin is positive all have the
/// same. NaN makes every share NaN. Throws `std::invalid_argument` for columns of other lengths.
inline void napo_shares(vector_view<double const> mean_margins, vector_view<double> shares,
                        double low = 0.01)
{
  index_t const n = mean_margins.size();
  detail::require_extent("napo_shares", "shares", n, shares.size());
  double sum = 0;
  for (index_t k = 0; k < n; ++k) { sum += max(mean_margins[k], 0.0); }
  for (index_t k = 0; k < n; ++k) {
    double const share = sum == 0 ? 1 / static_cast<double>(n) : max(mean_margins[k], 0.0) / sum;
    shares[k] = sum == sum ? max(share, low) : sum;
  }
}

}  // namespace prefopt
