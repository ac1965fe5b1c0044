// SPDX-License-Identifier: MIT
#pragma once
/// \file  Notices a run that trains nothing, and says why.

#include <prefopt/margins/metrics.hpp>

namespace prefopt {

/// Why a run does not move.
enum class stuck_reason { none, log_probs_are_zero, policy_is_reference, nothing_changes };

/// What to look at, as a sentence.
constexpr char const* describe(stuck_reason reason)
{
  switch (reason) {
    case stuck_reason::log_probs_are_zero:
      return "all log-probabilities are 0: no token of the answers counts (labels all masked?)";
    case stuck_reason::policy_is_reference:
      return "policy and reference still agree exactly after updates: the reference shares the "
             "policy's weights, or no weight is trained";
    case stuck_reason::nothing_changes:
      return "the chosen and rejected log-probabilities repeat: the optimizer does not step, or "
             "every step sees the same batch with a gradient of 0";
    default:
      return "not stuck";
  }
}

/// Watches the metrics of successive steps (merged over ranks). A loss that stays at log 2 is the
/// usual symptom; the log-probabilities tell which of the causes it is.
struct stuck_detector {
  /// Steps in a row that must look alike. The first step always has policy = reference.
  int patience = 3;

  int zero_steps = 0;
  int equal_steps = 0;
  int repeated_steps = 0;
  double last_chosen = quiet_nan_v<double>;
  double last_rejected = quiet_nan_v<double>;

  /// Takes the metrics of one step. A step without samples says nothing.
  template <int Modalities>
  void push(preference_metrics<Modalities> const& step)
  {
    if (step.chosen_log_prob.count == 0) { return; }
    double const chosen = step.chosen_log_prob.mean(), rejected = step.text.log_prob.mean();
    bool const zero = chosen == 0 && rejected == 0;
    bool const equal = step.text.tie.mean() == 1 && step.chosen_reward.mean() == 0;
    bool const repeated = chosen == last_chosen && rejected == last_rejected;
    zero_steps = zero ? zero_steps + 1 : 0;
    equal_steps = equal ? equal_steps + 1 : 0;
    repeated_steps = repeated ? repeated_steps + 1 : 0;
    last_chosen = chosen;
    last_rejected = rejected;
  }

  constexpr stuck_reason reason() const
  {
    if (zero_steps >= patience) { return stuck_reason::log_probs_are_zero; }
    if (equal_steps > patience) { return stuck_reason::policy_is_reference; }
    if (repeated_steps >= patience) { return stuck_reason::nothing_changes; }
    return stuck_reason::none;
  }
};

}  // namespace prefopt
