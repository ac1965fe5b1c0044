// SPDX-License-Identifier: MIT
#pragma once
/// \file  Weights that keep modalities in balance, from running margins or gradient shares. The
/// literature (MBPO, AdaViP, NaPO) balances by rules of its own; these are ours.

#include <cmath>

#include <prefopt/core/record.hpp>
#include <prefopt/margins/summary.hpp>

namespace prefopt {

/// Running means of each modality's margin and share of the gradient. Feed it the summary of a step
/// that was merged over all micro-batches and ranks: every rank then holds the same bits. Trivially
/// copyable: its bytes are its checkpoint.
template <int Modalities>
struct modality_balance {
  /// Weight of the newest step, in (0, 1].
  double rate = 0.1;

  double margin[Modalities] = {};
  double share[Modalities] = {};
  index_t steps = 0;

  /// Takes the first `Modalities` terms of a summary: text, then the further modalities. A step
  /// without samples or without a gradient changes nothing, and neither does one that is not
  /// finite.
  template <int Terms>
  void update(loss_summary<Terms> const& step)
  {
    static_assert(Modalities <= Terms, "prefopt: a summary has one term per modality");
    double pull = 0, size = 0;
    for (int k = 0; k < Modalities; ++k) {
      pull += step.term[k].pull;
      size += std::abs(step.term[k].margin);
    }
    if (step.weight == 0 || pull == 0 || !std::isfinite(pull) || !std::isfinite(size)) { return; }
    double const r = steps == 0 ? 1 : rate;
    for (int k = 0; k < Modalities; ++k) {
      margin[k] += r * (step.term[k].margin / step.weight - margin[k]);
      share[k] += r * (step.term[k].pull / pull - share[k]);
    }
    ++steps;
  }

  /// Weights with mean 1, larger where the margin is smaller:
  /// \f[ w_k = K e^{-m_k / \tau} / \sum_j e^{-m_j / \tau} \f]
  /// `temperature` tau is in nats of reward. Defined for margins of either sign. All 1 before the
  /// first step.
  per_modality<double, Modalities> by_margin(double temperature = 1) const
  {
    double smallest = margin[0];
    for (double m : margin) { smallest = m < smallest ? m : smallest; }
    double sum = 0;
    per_modality<double, Modalities> w;
    for (int k = 0; k < Modalities; ++k) {
      w[k] = std::exp(-(margin[k] - smallest) / temperature);
      sum += w[k];
    }
    for (int k = 0; k < Modalities; ++k) { w[k] *= Modalities / sum; }
    return w;
  }

  /// Weights with mean 1 that would give every modality the same share of the gradient, if the
  /// shares were measured at `current` weights: w_k ~ current_k / share_k. A share counts as no
  /// less than `floor` / Modalities, so that a weight cannot run away.
  per_modality<double, Modalities> by_gradient_share(
      per_modality<double, Modalities> const& current, double floor = 0.1) const
  {
    if (steps == 0) { return current; }
    double sum = 0;
    per_modality<double, Modalities> w;
    for (int k = 0; k < Modalities; ++k) {
      double const least = floor / Modalities;
      w[k] = current[k] / (share[k] > least ? share[k] : least);
      sum += w[k];
    }
    for (int k = 0; k < Modalities; ++k) { w[k] *= Modalities / sum; }
    return w;
  }
};

}  // namespace prefopt
