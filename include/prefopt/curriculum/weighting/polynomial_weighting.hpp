// SPDX-License-Identifier: MIT
#pragma once
/// \file  Self-paced weights of polynomial form: linear to hard in one parameter.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/self_paced.hpp>

namespace prefopt {

/// (1 - L / lambda)^(1 / (t - 1)) where L < lambda, 0 elsewhere; t > 1, lambda > 0 (Gong et al.
/// 2019, "Decomposition-based evolutionary multiobjective optimization to self-paced learning"). t
/// = 2 is linear; larger t come nearer to hard.
struct polynomial_weighting {
  double order = 3;  ///< t

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.in_open("order", order, 1, infinity_v<double>);
  }

  template <class Real>
  Real operator()(Real loss, Real lambda) const
  {
    Real const power = Real(1) / (static_cast<Real>(order) - Real(1));
    return select(loss < lambda, std::pow(Real(1) - loss / lambda, power), Real(0));
  }
};
static_assert(sample_weighting<polynomial_weighting>);

}  // namespace prefopt
