// SPDX-License-Identifier: MIT
#pragma once
/// \file  Self-paced weights of logistic form, which are never 0.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/self_paced.hpp>

namespace prefopt {

/// (1 + e^-lambda) / (1 + e^(L - lambda)) (Xu et al. 2015, "Multi-view self-paced learning for
/// clustering"; CurML's `logistic`). Half way down near L = lambda, but above 0 beyond it. In log
/// space: no loss overflows.
struct logistic_weighting {
  template <class Real>
  Real operator()(Real loss, Real lambda) const
  {
    return std::exp(log_sigmoid(lambda - loss) - log_sigmoid(lambda));
  }
};
static_assert(sample_weighting<logistic_weighting>);

}  // namespace prefopt
