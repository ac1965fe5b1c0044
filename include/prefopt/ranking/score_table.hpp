// SPDX-License-Identifier: MIT
#pragma once
/// \file  Difficulty scores as they come in: in any order, from any rank, once or again.

#include <cstddef>
#include <string>
#include <vector>

#include <prefopt/core/communicator.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/score_cells.hpp>

namespace prefopt {

/// One score for every sample of a set of known size.
///
/// `push` takes them in any order; `merge` adds what another table holds, as if it had come later.
/// The column does not depend on the order under `must_agree`, and under `mean` up to the last
/// rounding. 8 bytes per sample; under `mean` 24. NaN is refused; infinite scores are scores, but
/// have no mean and are refused under `mean`.
class score_table {
 public:
  explicit score_table(index_t samples, repeated_scores policy = repeated_scores::must_agree)
      : cells_(require_count(samples), policy)
  {
  }

  index_t samples() const { return cells_.samples(); }
  repeated_scores policy() const { return cells_.policy(); }
  index_t scored() const { return cells_.scored(); }
  index_t missing() const { return samples() - scored(); }
  bool has(index_t sample) const
  {
    require_sample(sample);
    return !cells_.empty(sample);
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
    cells_.add({sample, score, 0, 1});
  }

  /// Pushes scores[i] for the sample samples[i]: all of them, or none where it throws. Holds 32
  /// more bytes for each meanwhile.
  void push(vector_view<index_t const> samples, vector_view<double const> scores)
  {
    detail::require_extent("score_table", "scores", samples.size(), scores.size());
    std::vector<detail::score_entry> before;
    before.reserve(static_cast<std::size_t>(samples.size()));
    try {
      for (index_t i = 0; i < samples.size(); ++i) {
        require_sample(samples[i]);
        before.push_back(cells_.entry(samples[i]));
        push(samples[i], scores[i]);
      }
    } catch (...) {
      for (; !before.empty(); before.pop_back()) { cells_.restore(before.back()); }
      throw;
    }
  }

  /// Throws `std::invalid_argument` when sizes or policies differ, and as `push`; the table is then
  /// as it was.
  void merge(score_table const& other)
  {
    require_alike(other.samples(), other.policy());
    auto const for_each_entry = [&other](auto const& visit) {
      for (index_t i = other.next_scored(0); i < other.samples(); i = other.next_scored(i + 1)) {
        visit(other.cells_.entry(i));
      }
    };
    for_each_entry([this](detail::score_entry const& entry) { cells_.require_fit(entry); });
    for_each_entry([this](detail::score_entry const& entry) { cells_.add(entry); });
  }

  /// The first sample from `from` on that has no score, or samples().
  index_t next_missing(index_t from = 0) const
  {
    index_t i = max(from, index_t(0));
    while (i < samples() && !cells_.empty(i)) { ++i; }
    return i;
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
          std::to_string(scored()) + "; missing: " + which + (missing() > named ? ", ..." : ""));
    }
    for (index_t i = 0; i < samples(); ++i) { scores[i] = cells_.value(i); }
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
  struct head_of {
    index_t samples, scored;
    repeated_scores policy;
  };

  static index_t require_count(index_t samples)
  {
    if (samples < 0) {
      detail::throw_invalid("score_table", "samples", "0 or more", std::to_string(samples));
    }
    return samples;
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
    if (policy != this->policy()) {
      detail::throw_invalid("score_table", "policy for repeated scores",
                            std::to_string(static_cast<int>(this->policy())),
                            std::to_string(static_cast<int>(policy)));
    }
  }

  index_t next_scored(index_t from) const
  {
    while (from < samples() && cells_.empty(from)) { ++from; }
    return from;
  }

  template <class Communicator>
  score_table over(Communicator const& ranks) const
  {
    std::vector<head_of> heads;
    all_gather(ranks, head_of{samples(), scored(), policy()}, heads);
    score_table total(heads[0].samples, heads[0].policy);  // so that all ranks judge alike
    index_t longest = 0;
    for (head_of const& head : heads) {
      total.require_alike(head.samples, head.policy);
      longest = max(longest, head.scored);
    }
    std::vector<std::size_t> from;  // the rank of a score: a later round may bring a lower one's
    if (policy() == repeated_scores::last) { from.assign(static_cast<std::size_t>(samples()), 0); }
    auto const round =
        min(max(round_entries / heads.size(), std::size_t(1)), static_cast<std::size_t>(longest));
    std::vector<detail::score_entry> mine(round), all(round * heads.size());
    index_t next = 0;
    for (index_t sent = 0; sent < longest; sent += static_cast<index_t>(round)) {
      for (detail::score_entry& entry : mine) {
        next = next_scored(next);
        entry = next < samples() ? cells_.entry(next++) : detail::score_entry{0, 0, 0, 0};
      }
      ranks.all_gather_bytes(mine.data(), round * sizeof(detail::score_entry), all.data());
      for (std::size_t k = 0; k < all.size(); ++k) {
        if (all[k].count == 0) { continue; }
        if (!from.empty()) {
          std::size_t& rank = from[static_cast<std::size_t>(all[k].sample)];
          if (k / round < rank) { continue; }
          rank = k / round;
        }
        total.cells_.add(all[k]);
      }
    }
    return total;
  }

  static constexpr std::size_t round_entries = std::size_t{1} << 20;

  detail::score_cells cells_;
};

}  // namespace prefopt
