// SPDX-License-Identifier: MIT
#pragma once
/// \file  mDPO (Wang et al. 2024, arXiv 2406.11839, eq. 5).

#include <prefopt/losses/mfpo.hpp>

namespace prefopt {

/// Text preference, conditional image preference and reward anchor, in equal parts. The formula is
/// MFPO's with eta = `delta`; the methods differ in how the perturbed image is made (mDPO crops at
/// random, MFPO noises key regions) and in MFPO's curriculum.
///
/// \f[ L = -\log\sigma(r_w - r_l) - \log\sigma(r_w - r_{w|m'}) - \log\sigma(r_w - \delta),
///     \quad r = \beta\log\frac{\pi}{\pi_{ref}} \f]
/// At policy = reference and delta = 0, L = 3 log 2.
///
/// Also called: the authors' trainer draws another crop for the reference than for the policy, so
/// that its image margin is not 0 at the start; here both are the caller's same image.
template <class Real>
struct mdpo {
  Real beta = Real(0.1);
  Real delta = Real(0);

  PREFOPT_HD constexpr auto terms() const { return mfpo<Real>{.beta = beta, .eta = delta}.terms(); }
};
static_assert(check_loss<mdpo<float>, float>());

}  // namespace prefopt
