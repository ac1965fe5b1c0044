// SPDX-License-Identifier: MIT
#pragma once
/// \file  mDPO (Wang et al. 2024, arXiv 2406.11839, eq. 5).

#include <prefopt/losses/mfpo.hpp>

namespace prefopt {

/// Text preference, conditional image preference and reward anchor, in equal parts. The formula is
/// MFPO's with eta = `delta`; the methods differ in how the perturbed image is made (mDPO crops at
/// random, MFPO noises key regions) and in MFPO's curriculum.
template <class Real>
struct mdpo {
  Real beta = Real(0.1);
  Real delta = Real(0);

  PREFOPT_HD constexpr auto terms() const { return mfpo<Real>{.beta = beta, .eta = delta}.terms(); }
};
static_assert(check_loss<mdpo<float>, float>());

}  // namespace prefopt
