// SPDX-License-Identifier: MIT
#pragma once
/// \file  Self-paced weights that are 0 or 1.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/self_paced.hpp>

namespace prefopt {

/// 1 where L < lambda, 0 elsewhere (Kumar et al. 2010, "Self-paced learning for latent variable
/// models").
struct hard_weighting {
  template <class Real>
  Real operator()(Real loss, Real lambda) const
  {
    return select(loss < lambda, Real(1), Real(0));
  }
};
static_assert(sample_weighting<hard_weighting>);

}  // namespace prefopt
