// SPDX-License-Identifier: MIT
#pragma once
/// \file  Conditional preference for one modality (MFPO, arXiv 2410.15334, eq. 6; CoPO of mDPO,
/// arXiv 2406.11839).

#include <prefopt/core/loss.hpp>

namespace prefopt {

/// The chosen answer is preferred given modality `Modality` as it is over the same answer given it
/// perturbed: MFPO's image term by itself, for any modality (image, audio, video).
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u),\quad
///     u = \beta(\log\frac{\pi(y_w|m)}{\pi_{ref}(y_w|m)}
///               - \log\frac{\pi(y_w|m'_k)}{\pi_{ref}(y_w|m'_k)}) - \gamma \f]
/// At policy = reference and gamma = 0, L = log 2. `name` is what summaries call the term; the
/// string must outlive the loss. `beta` defaults to mDPO's.
///
/// Also called: mDPO's CoPO. OmniDPO (arXiv 2509.00723) adds one for audio and one for video to a
/// text preference: `mfpo` with several modalities and `margin_weight` 0. The reference must see
/// the same m' as the policy: with random crops drawn anew for each, u is not 0 at policy =
/// reference.
template <class Real, int Modality = 0, class Score = score::log_ratio>
struct conditional_preference {
  Real beta = Real(0.1);
  Real gamma = Real(0);
  Real label_smoothing = Real(0);
  char const* name = "image";
  Score score{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::perturbed<Modality>>(
        name, link::logistic<Real>{label_smoothing}, beta, gamma, Real(1), score);
  }
};
static_assert(check_loss<conditional_preference<float>, float>());

}  // namespace prefopt
