// SPDX-License-Identifier: MIT
#pragma once
/// \file  Self-paced weights that are hard at both ends and soft between.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/self_paced.hpp>

namespace prefopt {

/// 1 where L <= l, 0 where L >= lambda, and (1/L - 1/lambda) / (1/l - 1/lambda) between, with
/// l = `full_below` * lambda; 0 < full_below < 1, lambda > 0 (Jiang et al. 2014, mixture weighting
/// with lambda_1 = lambda and lambda_2 = l).
struct mixture_weighting {
  double full_below = 0.5;  ///< share of lambda up to which a loss counts fully

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.in_open("full_below", full_below, 0, 1);
  }

  template <class Real>
  Real operator()(Real loss, Real lambda) const
  {
    Real const low = static_cast<Real>(full_below) * lambda;
    // Quotients near 1: no lambda, however small or large, makes 0 / 0 or infinity of them.
    Real const soft = (low / loss) * ((lambda - loss) / (lambda - low));
    return select(loss <= low, Real(1), select(loss < lambda, soft, Real(0)));
  }
};
static_assert(sample_weighting<mixture_weighting>);

}  // namespace prefopt
