// SPDX-License-Identifier: MIT
#pragma once
/// \file  Robust DPO (Chowdhury et al. 2024, arXiv 2403.00409).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace link {

/// [-(1 - e) log sigmoid(u) + e log sigmoid(-u)] / (1 - 2e), with noise rate e in [0, 1/2), in the
/// form in which no large terms cancel.
template <class Real>
struct noise_corrected {
  Real label_smoothing = Real(0);

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.in_half_open("label_smoothing", label_smoothing, 0, 0.5);
  }
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    if (label_smoothing == Real(0)) { return -log_sigmoid(u); }  // 0 * infinity is NaN
    return -log_sigmoid(u) - label_smoothing / (1 - 2 * label_smoothing) * u;
  }
};

}  // namespace link

/// DPO whose expectation over labels flipped at rate e is DPO on clean labels.
///
/// \f[ L = -\log\sigma(u) - \frac{e}{1-2e} u,\quad
///     u = \beta(\log\frac{\pi(y_w)}{\pi_{ref}(y_w)} - \log\frac{\pi(y_l)}{\pi_{ref}(y_l)}) \f]
/// which is [-(1-e) log sigmoid(u) + e log sigmoid(-u)] / (1-2e), e in [0, 1/2). **Unbounded
/// below**: as u grows L tends to -infinity and the gradient never vanishes, so it needs early
/// stopping. At policy = reference L = log 2; e = 0 is `dpo`. `label_smoothing` defaults to 0.1,
/// the paper's.
///
/// Also called: TRL and Liger `robust`, with `label_smoothing` 0 by default. It is not cDPO, whose
/// parameter has the same name (`dpo`).
template <class Real, class Score = score::log_ratio>
struct robust {
  Real beta = Real(0.1);
  Real label_smoothing = Real(0.1);
  Score score{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected>(
        "text", link::noise_corrected<Real>{label_smoothing}, beta, Real(0), Real(1), score);
  }
};
static_assert(check_loss<robust<float>, float>());

}  // namespace prefopt
