// SPDX-License-Identifier: MIT
#pragma once
/// \file  beta of a batch, from the gaps of the pairs drawn from it.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/statistics/log_mean_exp.hpp>

namespace prefopt {

/// max(floor, beta (1 + a (mean_gap - running_mean))): beta-DPO's beta of a batch (Wu et al., arXiv
/// 2407.08639; a = .6 and the floor 1e-3 are those of the authors' code). `mean_gap` is the mean
/// of the pairs drawn, `running_mean` the `gap_average` with this batch in it. A constant of the
/// loss. NaN propagates.
inline double beta_dpo_beta(double beta, double mean_gap, double running_mean, double a = 0.6,
                            double floor = 1e-3)
{
  return max(beta * (1 + a * (mean_gap - running_mean)), floor);
}

/// M = mean sigmoid(D) over the pairs drawn / sigmoid(M_0): how well DAMA's model tells pairs
/// apart, against the batches before this one (arXiv 2502.01943; `DAMA/llava/train/train_dpo.py` of
/// injadlu/DAMA). A pair's beta is max(1e-3, beta d M), d its data factor. In log space, so that
/// M_0 far below 0 is no 0/0. NaN where nothing was drawn.
inline double dama_model_factor(log_mean_exp const& log_preference, double running_mean)
{
  return std::exp(log_preference.value() - log_sigmoid(running_mean));
}

}  // namespace prefopt
