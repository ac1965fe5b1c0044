// SPDX-License-Identifier: MIT
#pragma once
/// \file  Self-paced weights that fall with the logarithm of the loss.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/self_paced.hpp>

namespace prefopt {

/// log(L + 1 - lambda) / log(1 - lambda) where L < lambda, 0 elsewhere; 0 < lambda < 1 (Jiang et
/// al. 2014, logarithmic soft weighting). Scale losses so that lambda stays below 1. The formula
/// does not always grow with lambda: a loss of .01 weighs .971 at .5 and .959 at .9.
struct logarithmic_weighting {
  static constexpr double largest_lambda = 1;  ///< excluded
  static constexpr bool grows_with_lambda = false;

  template <class Real>
  Real operator()(Real loss, Real lambda) const
  {
    return select(loss < lambda, std::log1p(loss - lambda) / std::log1p(-lambda), Real(0));
  }
};
static_assert(sample_weighting<logarithmic_weighting>);

}  // namespace prefopt
