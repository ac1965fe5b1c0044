// SPDX-License-Identifier: MIT
#pragma once
/// \file  Self-paced weights that fall linearly.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/self_paced.hpp>

namespace prefopt {

/// max(0, 1 - L / lambda), lambda > 0 (Jiang et al. 2014, "Easy samples first", linear soft
/// weighting).
struct linear_weighting {
  template <class Real>
  Real operator()(Real loss, Real lambda) const
  {
    return select(loss < lambda, Real(1) - loss / lambda, Real(0));
  }
};
static_assert(sample_weighting<linear_weighting>);

}  // namespace prefopt
