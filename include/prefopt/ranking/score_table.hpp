// SPDX-License-Identifier: MIT
#pragma once
/// \file  Difficulty scores as they come in: in any order, from any rank, once or again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/core/communicator.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// What becomes of a sample that is scored more than once.
enum class repeated_scores {
  must_agree,  ///< the same score again is allowed, another one is refused
  last,        ///< the one that came last; of several ranks the highest rank's
  mean         ///< the mean of all of them, summed in twice the digits of double
};

/// One score for every sample of a set of known size.
///
/// `push` takes them in any order; `merge` adds what another table holds, as if it had come later.
/// The column does not depend on the order under `must_agree`, and under `mean` up to the last
/// rounding. 8 bytes per sample; under `mean` 24. NaN is refused; infinite scores are scores, but
/// have no mean and are refused under `mean`.
class score_table {
 public:
  explicit score_table(index_t samples, repeated_scores policy = repeated_scores::must_agree)
      : policy_(policy)
  {
    if (samples < 0) {
      detail::throw_invalid("score_table", "samples", "0 or more", std::to_string(samples));
    }
    auto const n = static_cast<std::size_t>(samples);
    score_.assign(n, quiet_nan_v<double>);
    if (policy == repeated_scores::mean) {
      rest_.assign(n, 0);
      count_.assign(n, 0);
    }
  }

  index_t samples() const { return static_cast<index_t>(score_.size()); }
  repeated_scores policy() const { return policy_; }
  index_t scored() const { return scored_; }
  index_t missing() const { return samples() - scored_; }
  bool has(index_t sample) const
  {
    require_sample(sample);
    return !empty(static_cast<std::size_t>(sample));
  }

  /// Throws `std::invalid_argument` for a sample outside the set, for NaN, and, where repeated
  /// scores must agree, for another score than before (0 and -0 agree); the table is then as it
  /// was.
  void push(index_t sample, double score)
  {
    require_sample(sample);
    if (score != score) {
      detail::throw_invalid("score_table", "score of sample " + std::to_string(sample), "a number",
                            "NaN");
    }
    add({sample, score, 0, 1});
  }

  /// Pushes scores[i] for the sample samples[i]: all of them, or none where it throws. Holds 32
  /// more bytes for each meanwhile.
  void push(vector_view<index_t const> samples, vector_view<double const> scores)
  {
    detail::require_extent("score_table", "scores", samples.size(), scores.size());
    std::vector<entry_of> before;
    before.reserve(static_cast<std::size_t>(samples.size()));
    try {
      for (index_t i = 0; i < samples.size(); ++i) {
        require_sample(samples[i]);
        before.push_back(entry(static_cast<std::size_t>(samples[i])));
        push(samples[i], scores[i]);
      }
    } catch (...) {
      for (; !before.empty(); before.pop_back()) { restore(before.back()); }
      throw;
    }
  }

  /// Throws `std::invalid_argument` when sizes or policies differ, and as `push`; the table is then
  /// as it was.
  void merge(score_table const& other)
  {
    require_alike(other.samples(), other.policy_);
    auto const for_each_entry = [&other](auto const& visit) {
      for (std::size_t i = 0; i < other.score_.size(); ++i) {
        if (!other.empty(i)) { visit(other.entry(i)); }
      }
    };
    for_each_entry([this](entry_of const& entry) { require_fit(entry); });
    for_each_entry([this](entry_of const& entry) { add(entry); });
  }

  /// The first sample from `from` on that has no score, or samples().
  index_t next_missing(index_t from = 0) const
  {
    auto i = static_cast<std::size_t>(max(from, index_t(0)));
    while (i < score_.size() && !empty(i)) { ++i; }
    return static_cast<index_t>(i);
  }

  /// scores[i] = the score of sample i. Throws `std::invalid_argument` while scores are missing,
  /// with their number and the first of them.
  void copy_to(vector_view<double> scores) const
  {
    detail::require_extent("score_table", "scores", samples(), scores.size());
    if (missing() != 0) {
      std::string which;
      index_t named = 0;
      for (index_t i = next_missing(); i < samples() && named < 5; i = next_missing(i + 1)) {
        which += (named++ == 0 ? "" : ", ") + std::to_string(i);
      }
      detail::throw_invalid(
          "score_table", "scores", "one for each of " + std::to_string(samples()) + " samples",
          std::to_string(scored_) + "; missing: " + which + (missing() > named ? ", ..." : ""));
    }
    for (index_t i = 0; i < samples(); ++i) { scores[i] = value(static_cast<std::size_t>(i)); }
  }

  /// The table of all ranks, on every rank: what merging the ranks' tables in rank order gives, the
  /// same bits everywhere. Collective; every rank gets all entries of the others, 32 bytes each, in
  /// rounds of 32 MiB for all ranks together. Throws `std::invalid_argument` on every rank, as
  /// `merge`.
  template <communicator Communicator>
  friend score_table merge_over_ranks(Communicator const& ranks, score_table const& mine)
  {
    return mine.over(ranks);
  }

 private:
  struct entry_of {
    index_t sample;
    double score, rest;  // the sum of `count` scores and what rounding took from it
    index_t count;       // 0: no entry
  };
  struct head_of {
    index_t samples, scored;
    repeated_scores policy;
  };

  bool empty(std::size_t i) const { return score_[i] != score_[i]; }

  entry_of entry(std::size_t i) const
  {
    bool const sums = policy_ == repeated_scores::mean;
    return {static_cast<index_t>(i), score_[i], sums ? rest_[i] : 0, sums ? count_[i] : 1};
  }

  double value(std::size_t i) const
  {
    if (policy_ != repeated_scores::mean) { return score_[i]; }
    return (score_[i] + rest_[i]) / static_cast<double>(count_[i]);
  }

  void require_sample(index_t sample) const
  {
    if (sample < 0 || sample >= samples()) {
      detail::throw_invalid("score_table", "sample",
                            "0 or more, below " + std::to_string(samples()),
                            std::to_string(sample));
    }
  }

  void require_alike(index_t others, repeated_scores policy) const
  {
    detail::require_extent("score_table", "scores", samples(), others);
    if (policy != policy_) {
      detail::throw_invalid("score_table", "policy for repeated scores",
                            std::to_string(static_cast<int>(policy_)),
                            std::to_string(static_cast<int>(policy)));
    }
  }

  /// What `add` may refuse; a sum that is finite.
  double require_fit(entry_of const& entry) const
  {
    auto const i = static_cast<std::size_t>(entry.sample);
    bool const first = empty(i);
    if (policy_ == repeated_scores::must_agree && !first && entry.score != score_[i]) {
      detail::throw_invalid("score_table", "score of sample " + std::to_string(entry.sample),
                            detail::exact_text(score_[i]) + " as before",
                            detail::exact_text(entry.score));
    }
    double const sum = (first ? 0 : score_[i]) + entry.score;
    if (policy_ == repeated_scores::mean && sum - sum != 0) {
      detail::throw_invalid("score_table",
                            "sum of the scores of sample " + std::to_string(entry.sample),
                            "a finite number, for their mean", detail::exact_text(sum));
    }
    return sum;
  }

  void add(entry_of const& entry)
  {
    double const sum = require_fit(entry);
    auto const i = static_cast<std::size_t>(entry.sample);
    bool const first = empty(i);
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
  void restore(entry_of const& before)
  {
    auto const i = static_cast<std::size_t>(before.sample);
    bool const had = !empty(i);
    score_[i] = before.score;
    if (policy_ == repeated_scores::mean) {
      rest_[i] = before.rest;
      count_[i] = before.count;
    }
    if (had && empty(i)) { --scored_; }
  }

  template <class Communicator>
  score_table over(Communicator const& ranks) const
  {
    std::vector<head_of> heads;
    all_gather(ranks, head_of{samples(), scored_, policy_}, heads);
    score_table total(heads[0].samples, heads[0].policy);  // so that all ranks judge alike
    index_t longest = 0;
    for (head_of const& head : heads) {
      total.require_alike(head.samples, head.policy);
      longest = max(longest, head.scored);
    }
    std::vector<std::size_t> from;  // the rank of a score: a later round may bring a lower one's
    if (policy_ == repeated_scores::last) { from.assign(score_.size(), 0); }
    auto const round =
        min(max(round_entries / heads.size(), std::size_t(1)), static_cast<std::size_t>(longest));
    std::vector<entry_of> mine(round), all(round * heads.size());
    std::size_t next = 0;
    for (index_t sent = 0; sent < longest; sent += static_cast<index_t>(round)) {
      for (entry_of& entry : mine) {
        while (next < score_.size() && empty(next)) { ++next; }
        entry = next < score_.size() ? this->entry(next++) : entry_of{0, 0, 0, 0};
      }
      ranks.all_gather_bytes(mine.data(), round * sizeof(entry_of), all.data());
      for (std::size_t k = 0; k < all.size(); ++k) {
        if (all[k].count == 0) { continue; }
        if (!from.empty()) {
          std::size_t& rank = from[static_cast<std::size_t>(all[k].sample)];
          if (k / round < rank) { continue; }
          rank = k / round;
        }
        total.add(all[k]);
      }
    }
    return total;
  }

  static constexpr std::size_t round_entries = std::size_t{1} << 20;

  repeated_scores policy_;
  index_t scored_ = 0;
  std::vector<double> score_;  // NaN where there is none
  std::vector<double> rest_;   // under `mean`, and so the next
  std::vector<index_t> count_;
};

}  // namespace prefopt
