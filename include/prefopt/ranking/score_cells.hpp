// SPDX-License-Identifier: MIT
#pragma once
/// \file  What is kept of every sample's scores until the column is asked for.

#include <cstddef>
#include <string>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// What becomes of a sample that is scored more than once.
enum class repeated_scores {
  must_agree,  ///< the same score again is allowed, another one is refused
  last,        ///< the one that came last; of several ranks the highest rank's
  mean         ///< the mean of all of them, summed in twice the digits of double
};

namespace detail {

/// The scores of one sample: the sum of `count` of them, and what rounding took from it.
struct score_entry {
  index_t sample;
  double score, rest;
  index_t count;  // 0: no entry
};

/// An entry for every sample of a set, or none.
class score_cells {
 public:
  score_cells(index_t samples, repeated_scores policy) : policy_(policy)
  {
    auto const n = static_cast<std::size_t>(samples);
    score_.assign(n, quiet_nan_v<double>);
    if (policy == repeated_scores::mean) {
      rest_.assign(n, 0);
      count_.assign(n, 0);
    }
  }

  index_t samples() const { return static_cast<index_t>(score_.size()); }
  index_t scored() const { return scored_; }
  repeated_scores policy() const { return policy_; }
  bool empty(index_t sample) const
  {
    double const score = score_[static_cast<std::size_t>(sample)];
    return score != score;
  }

  score_entry entry(index_t sample) const
  {
    auto const i = static_cast<std::size_t>(sample);
    bool const sums = policy_ == repeated_scores::mean;
    return {sample, score_[i], sums ? rest_[i] : 0, sums ? count_[i] : 1};
  }

  double value(index_t sample) const
  {
    auto const i = static_cast<std::size_t>(sample);
    if (policy_ != repeated_scores::mean) { return score_[i]; }
    return (score_[i] + rest_[i]) / static_cast<double>(count_[i]);
  }

  /// Throws what `add` would. Returns the sum that it would keep.
  double require_fit(score_entry const& entry) const
  {
    bool const first = empty(entry.sample);
    double const before = first ? 0 : score_[static_cast<std::size_t>(entry.sample)];
    if (policy_ == repeated_scores::must_agree && !first && entry.score != before) {
      throw_invalid("score_table", "score of sample " + std::to_string(entry.sample),
                    exact_text(before) + " as before", exact_text(entry.score));
    }
    double const sum = before + entry.score;
    if (policy_ == repeated_scores::mean && sum - sum != 0) {
      throw_invalid("score_table", "sum of the scores of sample " + std::to_string(entry.sample),
                    "a finite number, for their mean", exact_text(sum));
    }
    return sum;
  }

  void add(score_entry const& entry)
  {
    double const sum = require_fit(entry);
    auto const i = static_cast<std::size_t>(entry.sample);
    bool const first = empty(entry.sample);
    if (policy_ == repeated_scores::mean) {
      double const before = first ? 0 : score_[i];
      double const added = sum - before;  // Knuth's two-sum: what rounding took
      rest_[i] += entry.rest + ((before - (sum - added)) + (entry.score - added));
      count_[i] += entry.count;
      score_[i] = sum;
    } else if (first || policy_ == repeated_scores::last) {
      score_[i] = entry.score;
    }
    scored_ += first ? 1 : 0;
  }

  /// Back to what `entry` gave earlier.
  void restore(score_entry const& before)
  {
    auto const i = static_cast<std::size_t>(before.sample);
    bool const had = !empty(before.sample);
    score_[i] = before.score;
    if (policy_ == repeated_scores::mean) {
      rest_[i] = before.rest;
      count_[i] = before.count;
    }
    if (had && empty(before.sample)) { --scored_; }
  }

 private:
  repeated_scores policy_;
  index_t scored_ = 0;
  std::vector<double> score_;  // NaN where there is none
  std::vector<double> rest_;   // under `mean`, and so the next
  std::vector<index_t> count_;
};

}  // namespace detail
}  // namespace prefopt
