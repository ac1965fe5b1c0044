// SPDX-License-Identifier: MIT
#pragma once
/// \file  KTO's baseline: how far the policy has moved from the reference on answers to other
/// prompts.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/statistics/weighted_mean.hpp>

namespace prefopt {

/// z_0 = max(0, mean of log pi(y'|x) - log pi_ref(y'|x)) over mismatched pairs (x, y'), in nats
/// (Ethayarajh et al., arXiv 2402.01306: an estimate of the KL divergence). A constant
/// of the loss: no gradient flows through it.
///
/// Traps it avoids: TRL averages the means of the devices, of whatever size; here sums and counts
/// merge. The maximum is taken of the global mean, not of parts. Not multiplied by beta.
struct kto_baseline {
  weighted_mean log_ratio{};

  void push(double mismatched_log_ratio, double weight = 1)
  {
    log_ratio.push(mismatched_log_ratio, weight);
  }
  void merge(kto_baseline const& other) { log_ratio.merge(other.log_ratio); }

  index_t count() const { return log_ratio.count; }
  /// 0 where there was no mismatched pair; NaN propagates.
  double value() const { return max(log_ratio.mean_or(0), 0.0); }

  bool operator==(kto_baseline const&) const = default;
};

/// The sample whose answer goes with prompt `i` of `count`: the next one, the last with the first
/// (arXiv 2402.01306: j = (i + 1) mod m).
///
/// Shuffle before: where neighbours answer one prompt, as the two halves of a split preference pair
/// do, the pair is not mismatched. Throws `std::invalid_argument` for fewer than 2 samples, which
/// have no mismatched pair, and for an index outside of them.
inline index_t cyclic_mismatch(index_t i, index_t count)
{
  if (count < 2) {
    detail::throw_invalid("cyclic_mismatch", "count", "2 or more samples", std::to_string(count));
  }
  if (i < 0 || i >= count) {
    detail::throw_invalid("cyclic_mismatch", "i", "an index below " + std::to_string(count),
                          std::to_string(i));
  }
  return i + 1 == count ? 0 : i + 1;
}

}  // namespace prefopt
