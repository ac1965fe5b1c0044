// SPDX-License-Identifier: MIT
#pragma once
/// \file  Schedules of forward diffusion: how much signal and how much noise a step leaves.

#include <cmath>
#include <stdexcept>
#include <string>

#include <prefopt/core/math.hpp>

namespace prefopt {

/// The schedule of VCD (Leng et al. 2023, arXiv 2311.16922; its code), which POVID uses too;
/// default here. beta_i = sigmoid(-6 + 12 i / (T - 1)) (0.005 - 1e-5) + 1e-5. Even its last step
/// leaves 28 % signal.
struct sigmoid_noise_schedule {
  index_t steps = 1000;  // T >= 2

  double beta(index_t i) const
  {
    double const u = -6 + 12 * static_cast<double>(i) / static_cast<double>(steps - 1);
    return 1 / (1 + std::exp(-u)) * (0.005 - 1e-5) + 1e-5;
  }
};

/// The linear schedule of DDPM (Ho et al. 2020, arXiv 2006.11239): beta from 1e-4 to 0.02.
struct linear_noise_schedule {
  index_t steps = 1000;  // T >= 2

  double beta(index_t i) const
  {
    return 1e-4 + (0.02 - 1e-4) * static_cast<double>(i) / static_cast<double>(steps - 1);
  }
};

/// The cosine schedule of Nichol & Dhariwal 2021 (arXiv 2102.09672, eq. 17) with offset s = 0.008:
/// beta_i = min(1 - f((i + 1) / T) / f(i / T), 0.999), f(x) = cos^2((x + s) / (1 + s) pi / 2).
struct cosine_noise_schedule {
  index_t steps = 1000;  // T >= 1

  double beta(index_t i) const
  {
    auto const f = [this](index_t k) {
      double const x = static_cast<double>(k) / static_cast<double>(steps);
      double const c = std::cos((x + 0.008) / 1.008 * 1.5707963267948966);
      return c * c;
    };
    double const beta = 1 - f(i + 1) / f(i);
    return beta < 0.999 ? beta : 0.999;
  }
};

/// Share of the signal's variance that is left at a step: the product of 1 - beta_i for i = 0 ..
/// step (so step 500 has 501 factors). Throws std::invalid_argument unless 0 <= step <
/// schedule.steps.
template <class Schedule>
double alpha_bar(Schedule const& schedule, index_t step)
{
  if (step < 0 || step >= schedule.steps) {
    throw std::invalid_argument("alpha_bar: expected a step in [0, " +
                                std::to_string(schedule.steps) + "), got " + std::to_string(step));
  }
  double product = 1;
  for (index_t i = 0; i <= step; ++i) { product *= 1 - schedule.beta(i); }
  return product;
}

/// Factors of the clean image and of the noise, sqrt(abar) and sqrt(1 - abar).
struct noise_level {
  float signal = 1;
  float noise = 0;
};

template <class Schedule>
noise_level noise_level_at(Schedule const& schedule, index_t step)
{
  double const kept = alpha_bar(schedule, step);
  return {static_cast<float>(std::sqrt(kept)), static_cast<float>(std::sqrt(1 - kept))};
}

}  // namespace prefopt
