// SPDX-License-Identifier: MIT
#pragma once
/// \file  The mean of a column over micro-batches and ranks.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/statistics/exact_sum.hpp>

namespace prefopt {

/// sum w x / sum w, as sums that merge: never a mean of means.
///
/// `push` and `merge` form a commutative monoid with identity `weighted_mean{}`; no split changes a
/// bit. w x is rounded once, the sums never, the mean once more. A sample of weight 0 is left out,
/// even where its value is NaN; a NaN that counts propagates. Phase 1 of many losses is this alone:
/// the sample weights of WPO, the margin of NaPO, the rewards of BCO.
struct weighted_mean {
  exact_sum sum{};
  exact_sum weight{};
  index_t count = 0;  ///< samples, those of weight 0 excepted

  /// Throws `std::invalid_argument` for a negative weight.
  void push(double value, double sample_weight = 1)
  {
    if (sample_weight == 0) { return; }
    if (sample_weight < 0) {
      detail::throw_invalid("weighted_mean", "weight", "0 or more", std::to_string(sample_weight));
    }
    sum.push(sample_weight * value);
    weight.push(sample_weight);
    count += 1;
  }
  void merge(weighted_mean const& other)
  {
    sum.merge(other.sum);
    weight.merge(other.weight);
    count += other.count;
  }

  /// NaN where nothing counts.
  double mean() const { return mean_or(quiet_nan_v<double>); }
  /// `otherwise` where nothing counts.
  double mean_or(double otherwise) const
  {
    return count == 0 ? otherwise : sum.value() / weight.value();
  }

  bool operator==(weighted_mean const&) const = default;
};

}  // namespace prefopt
