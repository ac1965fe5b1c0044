// SPDX-License-Identifier: MIT
#pragma once
/// \file  Modality-Fair Preference Optimization (Jiang et al. 2025, arXiv 2410.15334, eqs. 5-7).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace detail {

/// `Real(value)` for every modality.
template <class Real, int Modalities>
PREFOPT_HD constexpr per_modality<Real, Modalities> for_all_modalities(Real value)
{
  per_modality<Real, Modalities> r;
  for (int k = 0; k < Modalities; ++k) { r[k] = value; }
  return r;
}

template <int K, int Modalities, class Real>
PREFOPT_HD constexpr auto modality_terms(Real beta, per_modality<Real, Modalities> const& weight,
                                         per_modality<char const*, Modalities> const& name)
{
  auto const term = contrast<branch::chosen, branch::perturbed<K>, score::log_ratio>(
      name[K], link::logistic<Real>{}, beta, Real(0), weight[K]);
  if constexpr (K + 1 == Modalities) {
    return term;
  } else {
    return term + modality_terms<K + 1>(beta, weight, name);
  }
}

}  // namespace detail

/// Text preference, a preference for the unperturbed prompt per further modality (image first), and
/// an anchor on the chosen reward:
///
/// \f[ L = -w_t\log\sigma(r_w - r_l) - \sum_k w_k\log\sigma(r_w - r_{w|m'_k}) - w_m\log\sigma(r_w -
/// \eta),
///     \quad r = \beta\log\frac{\pi}{\pi_{ref}} \f]
/// `eta` is on the reward scale. The paper's best: weights 1:1:1, eta 0; it does not state beta. At
/// policy = reference and eta = 0, L = (2 + Modalities) log 2 for unit weights.
///
/// Also called: with eta 0 and one modality the same function as mDPO; without the anchor (weight
/// 0) the conditional preferences of OmniDPO (arXiv 2509.00723).
template <class Real, int Modalities = 1>
struct mfpo {
  static_assert(
      Modalities >= 1,
      "prefopt: mfpo needs a modality besides text; text alone is dpo, and an anchor adds "
      "to it");

  Real beta = Real(0.1);
  Real eta = Real(0);
  Real text_weight = Real(1);
  per_modality<Real, Modalities> modality_weight =
      detail::for_all_modalities<Real, Modalities>(Real(1));
  Real margin_weight = Real(1);
  /// What summaries call the modalities. The strings must outlive the loss.
  per_modality<char const*, Modalities> modality_name =
      detail::default_modality_names<Modalities>();

  PREFOPT_HD constexpr auto terms() const
  {
    link::logistic<Real> const logistic{};
    return contrast<branch::chosen, branch::rejected, score::log_ratio>("text", logistic, beta,
                                                                        Real(0), text_weight) +
           detail::modality_terms<0>(beta, modality_weight, modality_name) +
           anchor<branch::chosen, score::log_ratio>("margin", logistic, beta, eta, margin_weight);
  }
};
static_assert(check_loss<mfpo<float>, float>());

/// MFPO with new weights of text (first) and the further modalities, as `modality_balance` gives
/// them.
template <class Real, int Modalities>
constexpr mfpo<Real, Modalities> with_weights(mfpo<Real, Modalities> loss,
                                              per_modality<double, Modalities + 1> const& weight)
{
  loss.text_weight = static_cast<Real>(weight[0]);
  for (int k = 0; k < Modalities; ++k) {
    loss.modality_weight[k] = static_cast<Real>(weight[k + 1]);
  }
  return loss;
}

}  // namespace prefopt
