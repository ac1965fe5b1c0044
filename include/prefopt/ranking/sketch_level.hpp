// SPDX-License-Identifier: MIT
#pragma once
/// \file  The levels of a quantile sketch: how one is halved, and what all of them say.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <prefopt/config.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// What is known of a number of samples: it lies in [low, high], near the estimate.
struct rank_interval {
  index_t low = 0, estimate = 0, high = 0;

  bool operator==(rank_interval const&) const = default;
};

/// Scores that stand for 2^level samples each.
struct sketch_level {
  std::vector<double> scores;
  index_t kept_lower = 0;  ///< compactions so far that kept the lower score of every pair,
  index_t kept_upper = 0;  ///< and the upper
};

namespace detail {

/// Sends every other score of a level on to the next one, and drops the rest: of every pair the
/// kind that was kept less often so far, or by a coin. An odd one, the highest, stays.
inline void compact(sketch_level& level, std::vector<double>& next, bool coin)
{
  auto& scores = level.scores;
  // Mostly two sorted halves that came from below: merged while they are halved.
  auto const middle = std::ranges::is_sorted_until(scores);
  if (!std::is_sorted(middle, scores.end())) { std::sort(middle, scores.end()); }

  index_t const lead = level.kept_upper - level.kept_lower;
  bool const upper = lead < 0 || (lead == 0 && coin);
  ++(upper ? level.kept_upper : level.kept_lower);
  std::size_t const pairs = scores.size() / 2;
  auto left = scores.cbegin(), right = std::vector<double>::const_iterator(middle);
  auto const smallest = [&, middle] {
    bool const from_left = right == scores.end() || (left != middle && *left <= *right);
    return from_left ? *left++ : *right++;
  };
  for (std::size_t k = 0; k < pairs; ++k) {
    double const lower = smallest(), higher = smallest();
    next.push_back(upper ? higher : lower);
  }
  if (scores.size() % 2 != 0) { scores[0] = smallest(); }
  scores.resize(scores.size() % 2);
}

/// Sends a full level on, to a new one if it was the last.
inline void compact(std::vector<sketch_level>& levels, std::size_t h, std::uint64_t seed,
                    index_t capacity)
{
  if (levels.size() == h + 1) { levels.emplace_back(); }
  auto const coin = mix64(
      seed + mix64((std::uint64_t{h} << 56) + static_cast<std::uint64_t>(levels[h].kept_upper)));
  auto& scores = levels[h].scores;
  compact(levels[h], levels[h + 1].scores, (coin & 1u) != 0);
  bool const held_parts = scores.capacity() > 2 * static_cast<std::size_t>(capacity);
  if (held_parts) { scores.shrink_to_fit(); }
}

/// Adds what a level of another sketch holds.
inline void append(std::vector<sketch_level>& levels, std::size_t h,
                   std::vector<double> const& scores, index_t kept_lower, index_t kept_upper)
{
  if (levels.size() <= h) { levels.resize(h + 1); }
  levels[h].scores.insert(levels[h].scores.end(), scores.begin(), scores.end());
  levels[h].kept_lower += kept_lower;
  levels[h].kept_upper += kept_upper;
}

/// How far estimates of a rank may lie above and below the truth.
struct rank_drift {
  index_t over, under;
};

/// Of 2m sorted scores r are below x: the m kept ones that are below stand for 2 floor(r / 2) of
/// them if the upper of every pair was kept, never too many, and for 2 ceil(r / 2) if the lower.
inline rank_drift drift_of(std::vector<sketch_level> const& levels)
{
  rank_drift sum{0, 0};
  for (std::size_t h = 0; h < levels.size(); ++h) {
    sum.over += levels[h].kept_lower << h;
    sum.under += levels[h].kept_upper << h;
  }
  return sum;
}

/// How many of the samples the scores stand for that count.
template <class Counts>
rank_interval count_kept(std::vector<sketch_level> const& levels, index_t samples,
                         Counts const& counts)
{
  index_t kept = 0;
  for (std::size_t h = 0; h < levels.size(); ++h) {
    auto const& scores = levels[h].scores;
    kept += static_cast<index_t>(std::count_if(scores.begin(), scores.end(), counts)) << h;
  }
  auto const [over, under] = drift_of(levels);
  auto const within = [samples](index_t x) { return min(max(x, index_t(0)), samples); };
  return {within(kept - over), within(kept + (under - over) / 2), within(kept + under)};
}

struct weighted_score {
  double score;
  index_t up_to;  // samples it and all before it stand for
};

inline std::vector<weighted_score> sorted_scores(std::vector<sketch_level> const& levels)
{
  std::vector<weighted_score> sorted;
  for (std::size_t h = 0; h < levels.size(); ++h) {
    for (double const score : levels[h].scores) { sorted.push_back({score, index_t(1) << h}); }
  }
  std::ranges::sort(sorted, [](auto const& a, auto const& b) { return a.score < b.score; });
  index_t total = 0;
  for (weighted_score& kept : sorted) { kept.up_to = total += kept.up_to; }
  return sorted;
}

/// Scores at ranks that lie below the number of samples; nothing beyond the lowest and highest.
inline void scores_at_ranks(std::vector<sketch_level> const& levels, double lowest, double highest,
                            vector_view<index_t const> ranks, vector_view<double> scores)
{
  auto const sorted = sorted_scores(levels);
  auto const [over, under] = drift_of(levels);
  for (index_t j = 0; j < ranks.size(); ++j) {
    // The true rank lies in [estimate - over, estimate + under]: the middle shall be ranks[j].
    index_t const wanted = ranks[j] - (under - over) / 2;
    auto const found = std::ranges::upper_bound(sorted, wanted, {}, &weighted_score::up_to);
    bool const beyond = found == sorted.end();
    scores[j] = wanted < 0 ? lowest : beyond ? highest : found->score;
  }
}

}  // namespace detail
}  // namespace prefopt
