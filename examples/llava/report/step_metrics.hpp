// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a training step reports.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include <nlohmann/json.hpp>

#include <prefopt/margins/fairness.hpp>
#include <prefopt/margins/summary.hpp>

#include "llava/loss/preference_step.hpp"

namespace llava {

/// What a step reports, under TRL's names and one for each further modality.
template <class Real>
nlohmann::json metrics_of(prefopt::mfpo<Real> const& loss, prefopt::loss_summary<3> const& sums,
                          pair_columns<Real> const& policy)
{
  auto const n = static_cast<double>(sums.count);
  auto const& text = sums.term[0];
  auto const& image = sums.term[1];
  auto const mean = [&](std::vector<Real> const& v) {
    return std::accumulate(v.begin(), v.end(), 0.0) / n;
  };
  nlohmann::json m{{"loss", sums.mean_value()},
                   {"rewards/chosen", text.positive_reward / n},
                   {"rewards/rejected", text.negative_reward / n},
                   {"rewards/perturbed_image", image.negative_reward / n},
                   {"rewards/margins", text.margin / n},
                   {"rewards/margins_image", image.margin / n},
                   {"rewards/accuracies", text.wins / n},
                   {"rewards/accuracies_image", image.wins / n},
                   {"logps/chosen", mean(policy.chosen)},
                   {"logps/rejected", mean(policy.rejected)},
                   {"logps/perturbed_image", mean(policy.perturbed)}};
  // Margins of rounding size are no preference yet: the first steps have no fairness.
  bool const learnt = std::max(text.margin, image.margin) / n > 1e-4;
  double const fairness = learnt ? prefopt::margin_fairness(text.margin, image.margin)
                                 : std::numeric_limits<double>::quiet_NaN();
  m["fairness"] = std::isnan(fairness) ? nlohmann::json(nullptr) : nlohmann::json(fairness);
  auto const names = prefopt::term_names(loss);
  for (int k = 0; k < 3; ++k) {
    std::string const name = names[k];
    m["loss/" + name] = sums.term[k].value / n;
    m["gradient_share/" + name] = sums.gradient_share(k);
  }
  return m;
}

}  // namespace llava
