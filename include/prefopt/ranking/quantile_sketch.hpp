// SPDX-License-Identifier: MIT
#pragma once
/// \file  Approximate ranks of scores in little memory, merged over parts and ranks, with an error
/// that is bounded and known.
///
/// Equal-weight compactors (Manku, Rajagopalan, Lindsay, "Approximate medians and other quantiles
/// in one pass", SIGMOD 1998; mergeable as in Agarwal et al., "Mergeable summaries", PODS 2012,
/// section 3). Chosen over KLL (Karnin, Lang, Liberty, FOCS 2016, arXiv 1603.05346), which is
/// smaller, since this bound always holds: KLL's does with some probability.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/sketch_level.hpp>

namespace prefopt {
namespace detail {
struct sketch_access;
}  // namespace detail

/// A summary of any number of scores that answers "how many are below x" and "which score has rank
/// r" within `rank_error()` samples.
///
/// A level that holds `capacity` scores or more is sorted, every other score goes to the next
/// level, the rest is dropped. That moves the rank of anything by at most the weight of one score,
/// in a known direction; the sketch counts these. So
///
///     |true rank - estimate| <= rank_error() <= rank_error_bound(samples, capacity)
///
/// for every input in every order and every tree of merges, not only on average. With n samples
/// and capacity k the bound is at most n H / (2 k), H = 1 + floor(log2(n / k)) levels compacted:
///
///     k = 4096 (default)  n = 1e6: .088 %  1e8: .171 %  1e9: .210 %
///     k = 16384           n = 1e6: .016 %  1e8: .037 %  1e9: .046 %
///
/// and 0 while there are fewer than k samples. On the wire and in `encode_sketch`: 80 bytes, 24 per
/// level and 8 per score, which are at most k - 1 in each of H + 1 levels (below 512 KiB for 1e8
/// samples and k = 4096, on average half of it). In memory: room for at most 2 k scores in each,
/// and while parts are merged for one level of all of them. Time: O(log k) per score.
///
/// The same input in the same parts, merged in the same tree, gives the same answers, and
/// a.merge(b) those of b.merge(a). Which half of the pairs is kept alternates; where it is open, a
/// coin decides: a hash of seed, level and number of compactions. Seeds add up under merge; give
/// every part its own (its rank), so that their coins differ. The bound needs no luck with the
/// coins.
///
/// Infinities are ordinary scores: -infinity is below, +infinity above all others. -0 is 0. NaN is
/// refused. Host only.
class quantile_sketch {
 public:
  static constexpr index_t default_capacity = 4096;

  /// `capacity` is even and at least 2.
  explicit quantile_sketch(index_t capacity = default_capacity, std::uint64_t seed = 0)
      : capacity_(capacity), seed_(seed), level_(1)
  {
    require_even(capacity);
  }

  /// Throws `std::invalid_argument` for NaN, naming the sample: `samples()` so far unless told.
  void push(double score) { push(score, samples_); }
  void push(double score, index_t sample)
  {
    require_number("push", score, sample);
    add(score);
  }

  /// Pushes a column; `first` is the index of its first sample, for errors. Throws
  /// `std::invalid_argument` for the first NaN before it pushes any.
  template <tensor_of_rank<1> Scores>
  void push_column(Scores const& scores, index_t first = 0)
  {
    vector_view<typename detail::traits_of<Scores>::element_type const> const column(scores);
    for (index_t i = 0; i < column.size(); ++i) {
      require_number("push_column", static_cast<double>(column[i]), first + i);
    }
    for (index_t i = 0; i < column.size(); ++i) { add(static_cast<double>(column[i])); }
  }

  /// Throws `std::invalid_argument` when the capacities differ.
  void merge(quantile_sketch const& other)
  {
    if (&other == this) {
      std::vector<quantile_sketch> const copy{other};
      merge_all(copy);
    } else {
      merge_all({&other, 1});
    }
  }

  /// Merges parts at once: every level of theirs is compacted once, however many they are, so that
  /// less is lost than one after the other. The parts are not this sketch.
  void merge_all(vector_view<quantile_sketch const> parts)
  {
    std::size_t levels = 0;
    for (index_t p = 0; p < parts.size(); ++p) {
      require_capacity(parts[p].capacity_);
      levels = max(levels, parts[p].level_.size());
    }
    for (index_t p = 0; p < parts.size(); ++p) {
      count_in(parts[p].seed_, parts[p].samples_, parts[p].lowest_, parts[p].highest_);
    }
    for (std::size_t h = 0; h < max(level_.size(), levels); ++h) {
      for (index_t p = 0; p < parts.size(); ++p) {
        if (h >= parts[p].level_.size()) { continue; }
        sketch_level const& level = parts[p].level_[h];
        detail::append(level_, h, level.scores, level.kept_lower, level.kept_upper);
      }
      settle(h);
    }
  }

  index_t capacity() const { return capacity_; }
  std::uint64_t seed() const { return seed_; }
  index_t samples() const { return samples_; }
  double lowest() const { return lowest_; }    ///< exact; +infinity without samples
  double highest() const { return highest_; }  ///< exact; -infinity without samples
  std::vector<sketch_level> const& levels() const { return level_; }

  /// By how many samples an answer may be off at most, of what has been pushed so far.
  index_t rank_error() const
  {
    auto const [over, under] = detail::drift_of(level_);
    return (over + under + 1) / 2;
  }

  /// The same before the first push: for any input of so many samples in any parts.
  static index_t rank_error_bound(index_t samples, index_t capacity = default_capacity)
  {
    require_even(capacity);
    index_t drift = 0;
    for (index_t weight = 1; samples / weight >= capacity; weight *= 2) {
      drift += samples / (capacity * weight) * weight;
    }
    return (drift + 1) / 2;
  }

  /// Number of samples that score below `score`. Throws `std::invalid_argument` for NaN.
  rank_interval samples_below(double score) const
  {
    return count(
        score, [score](double kept) { return kept < score; }, lowest_ >= score, highest_ < score);
  }
  /// Number of samples that score `score` or below.
  rank_interval samples_up_to(double score) const
  {
    return count(
        score, [score](double kept) { return kept <= score; }, lowest_ > score, highest_ <= score);
  }

  /// scores[j] = a score at ranks[j], 0 <= rank < samples(), ranks counted from 0: at most
  /// rank + rank_error() samples score below it and more than rank - rank_error() score as much or
  /// below; with an error of 0 it is the score at that rank. Throws `std::invalid_argument` for
  /// other ranks.
  void scores_at(vector_view<index_t const> ranks, vector_view<double> scores) const
  {
    detail::require_extent("quantile_sketch::scores_at", "scores", ranks.size(), scores.size());
    for (index_t j = 0; j < ranks.size(); ++j) {
      if (ranks[j] < 0 || ranks[j] >= samples_) {
        detail::throw_invalid("quantile_sketch::scores_at", "ranks[" + std::to_string(j) + "]",
                              "0 or more, below " + std::to_string(samples_),
                              std::to_string(ranks[j]));
      }
    }
    detail::scores_at_ranks(level_, lowest_, highest_, ranks, scores);
  }

 private:
  friend detail::sketch_access;

  static void require_even(index_t capacity)
  {
    if (capacity < 2 || capacity % 2 != 0) {
      detail::throw_invalid("quantile_sketch", "capacity", "an even number, 2 or more",
                            std::to_string(capacity));
    }
  }
  static void require_number(char const* member, double score, index_t sample)
  {
    if (score != score) {
      detail::throw_invalid(("quantile_sketch::" + std::string(member)).c_str(),
                            "score of sample " + std::to_string(sample), "a number", "NaN");
    }
  }

  void add(double score)
  {
    score += 0.0;  // -0 becomes 0: equal scores, equal bits
    ++samples_;
    lowest_ = min(lowest_, score);
    highest_ = max(highest_, score);
    level_[0].scores.push_back(score);
    for (std::size_t h = 0; full(h); ++h) { settle(h); }
  }

  bool full(std::size_t h) const
  {
    return h < level_.size() && static_cast<index_t>(level_[h].scores.size()) >= capacity_;
  }

  void require_capacity(index_t other) const
  {
    if (capacity_ != other) {
      detail::throw_invalid("quantile_sketch::merge", "capacity", std::to_string(capacity_),
                            std::to_string(other));
    }
  }

  /// Takes over what is not in levels.
  void count_in(std::uint64_t seed, index_t samples, double lowest, double highest)
  {
    seed_ += seed;
    samples_ += samples;
    lowest_ = min(lowest_, lowest);
    highest_ = max(highest_, highest);
  }

  /// Compacts the level if it is full.
  void settle(std::size_t h)
  {
    if (full(h)) { detail::compact(level_, h, seed_, capacity_); }
  }

  template <class Counts>
  rank_interval count(double score, Counts const& counts, bool none, bool all) const
  {
    if (score != score) { detail::throw_invalid("quantile_sketch", "score", "a number", "NaN"); }
    if (none) { return {0, 0, 0}; }
    if (all) { return {samples_, samples_, samples_}; }
    return detail::count_kept(level_, samples_, counts);
  }

  index_t capacity_;
  std::uint64_t seed_;
  index_t samples_ = 0;
  double lowest_ = infinity_v<double>, highest_ = -infinity_v<double>;
  std::vector<sketch_level> level_;
};

}  // namespace prefopt
