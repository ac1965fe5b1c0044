// SPDX-License-Identifier: MIT
#pragma once
/// \file  The learning rate of a run: linear warm-up, then half a cosine to zero.

#include <algorithm>
#include <cmath>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// The Hugging Face trainer's "cosine" schedule, but for its first step: a step of rate 0 trains
/// nothing, so the warm-up here ends as late and starts at 1 / (warmup + 1).
struct warmup_cosine {
  double learning_rate = 2e-4;
  index_t total_steps = 1;
  double warmup_ratio = 0.03;

  /// ceil(ratio * total)
  index_t warmup_steps() const
  {
    return static_cast<index_t>(std::ceil(warmup_ratio * static_cast<double>(total_steps)));
  }

  /// Rate of the step that follows `step` finished ones: learning_rate (step + 1) / (warmup + 1),
  /// then learning_rate (1 + cos(pi progress)) / 2.
  double operator()(index_t step) const
  {
    index_t const warmup = warmup_steps();
    if (step < warmup) {
      return learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup + 1);
    }
    constexpr double pi = 3.14159265358979323846;
    double const length = static_cast<double>(std::max<index_t>(1, total_steps - warmup));
    double const progress = std::min(1.0, static_cast<double>(step - warmup) / length);
    return learning_rate * 0.5 * (1 + std::cos(pi * progress));
  }
};

}  // namespace llava
