// SPDX-License-Identifier: MIT
#pragma once
/// \file  The first TRL's paired KTO, whose baselines carry a gradient: two statistics, one for the
/// baselines and one for what flows through them.

#include <prefopt/core/math.hpp>
#include <prefopt/statistics/weighted_mean.hpp>

namespace prefopt {

/// What the pointwise loss reads. chosen costs 1 - sigmoid(beta (r_w - rejected)), rejected costs
/// 1 - sigmoid(beta (chosen - r_l)), r the log-ratio of the pair's own answer.
struct kto_pair_baselines {
  double chosen = 0;    ///< max(0, mean r_w), subtracted from the rejected answers
  double rejected = 0;  ///< max(0, mean r_l), subtracted from the chosen answers
  // Whether the maximum lets the gradient through; at a mean of 0 it does, as torch.clamp.
  bool chosen_moves = false;
  bool rejected_moves = false;
};

/// Means of the log-ratios r = log pi - log pi_ref of chosen and rejected answers, in nats (TRL 0.7
/// to 0.8, `kto_pair`; also SymDPO, MM-RLHF and VL-RLHF, which copied it).
struct kto_pair_means {
  weighted_mean chosen{};
  weighted_mean rejected{};

  void push(double chosen_log_ratio, double rejected_log_ratio, double weight = 1)
  {
    chosen.push(chosen_log_ratio, weight);
    rejected.push(rejected_log_ratio, weight);
  }
  void merge(kto_pair_means const& other)
  {
    chosen.merge(other.chosen);
    rejected.merge(other.rejected);
  }

  /// Both 0 where there were no pairs; NaN propagates.
  kto_pair_baselines baselines() const
  {
    double const w = chosen.mean_or(0);
    double const l = rejected.mean_or(0);
    return {.chosen = max(w, 0.0),
            .rejected = max(l, 0.0),
            .chosen_moves = !(w < 0),
            .rejected_moves = !(l < 0)};
  }

  bool operator==(kto_pair_means const&) const = default;
};

/// What every pair's gradient gets on top, for a loss that is a (weighted) sum over pairs.
struct kto_pair_slopes {
  double chosen = 0;    ///< added to d loss / d log pi(y_w)
  double rejected = 0;  ///< added to d loss / d log pi(y_l)
};

/// The gradient through the baselines, which the pointwise loss does not see. A second pass over
/// the global batch, once its baselines K_w and K_l are known: since K_w is a mean of r_w,
/// \f[ \frac{d}{d r_{w,i}} = -[\bar r_w \ge 0]\, \beta\, \overline{\sigma'(\beta (K_w - r_l))},
/// \quad
///     \frac{d}{d r_{l,i}} = [\bar r_l \ge 0]\, \beta\, \overline{\sigma'(\beta (r_w - K_l))} \f]
/// for every i alike. Leave it out and the loss is the detached variant.
struct kto_pair_coupling {
  weighted_mean chosen{};
  weighted_mean rejected{};

  void push(kto_pair_baselines const& baselines, double beta, double chosen_log_ratio,
            double rejected_log_ratio, double weight = 1)
  {
    chosen.push(-beta * sigmoid_slope(beta * (baselines.chosen - rejected_log_ratio)), weight);
    rejected.push(beta * sigmoid_slope(beta * (chosen_log_ratio - baselines.rejected)), weight);
  }
  void merge(kto_pair_coupling const& other)
  {
    chosen.merge(other.chosen);
    rejected.merge(other.rejected);
  }

  kto_pair_slopes slopes(kto_pair_baselines const& baselines) const
  {
    return {.chosen = baselines.chosen_moves ? chosen.mean_or(0) : 0,
            .rejected = baselines.rejected_moves ? rejected.mean_or(0) : 0};
  }

  bool operator==(kto_pair_coupling const&) const = default;

 private:
  static double sigmoid_slope(double x) { return sigmoid(x) * sigmoid(-x); }
};

}  // namespace prefopt
