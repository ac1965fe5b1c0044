// SPDX-License-Identifier: MIT
#pragma once
/// \file  The error, size and speed of the quantile sketch, merged from 1 to 1,000 parts in five
/// orders.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <prefopt/core/permutation.hpp>
#include <prefopt/ranking/quantile_sketch.hpp>
#include <prefopt/ranking/sketch_exchange.hpp>

#include "common.hpp"

namespace bench {

struct distribution {
  char const* name;
  double (*score)(std::uint64_t i, std::uint64_t n);
};

inline constexpr distribution distributions[] = {
    {"sorted", [](std::uint64_t i, std::uint64_t) { return static_cast<double>(i); }},
    {"reversed", [](std::uint64_t i, std::uint64_t n) { return static_cast<double>(n - i); }},
    {"constant", [](std::uint64_t, std::uint64_t) { return 2.5; }},
    {"heavy-tailed", [](std::uint64_t i, std::uint64_t) { return std::tan(3.14159 * uniform(i)); }},
    {"two-valued", [](std::uint64_t i, std::uint64_t) { return uniform(i) < 0.3 ? -1.0 : 7.0; }}};

/// The largest distance of an estimate from the truth, at 2,000 ranks.
inline index_t worst_error(quantile_sketch const& sketch, std::vector<double> const& sorted)
{
  auto const n = static_cast<index_t>(sorted.size());
  index_t worst = 0;
  for (index_t j = 0; j < 1000; ++j) {
    double const score = sorted[static_cast<std::size_t>(n / 1000 * j + j % 17)];
    auto const look = [&](rank_interval got, auto place) {
      auto const truth = static_cast<index_t>(place - sorted.begin());
      expect(got.low <= truth && truth <= got.high, "a rank is outside of its interval");
      worst = std::max(worst, std::abs(got.estimate - truth));
    };
    look(sketch.samples_below(score), std::ranges::lower_bound(sorted, score));
    look(sketch.samples_up_to(score), std::ranges::upper_bound(sorted, score));
  }
  return worst;
}

/// Bytes that a sketch takes in memory.
inline std::size_t memory_of(quantile_sketch const& sketch)
{
  std::size_t bytes = sizeof sketch;
  for (sketch_level const& level : sketch.levels()) {
    bytes += sizeof level + level.scores.capacity() * sizeof(double);
  }
  return bytes;
}

/// The most bytes that a sketch of n samples is encoded to: a head, and full levels.
inline std::size_t most_bytes(std::size_t n, index_t capacity)
{
  std::size_t levels = 1;
  for (std::size_t left = n; left >= static_cast<std::size_t>(capacity); left /= 2) { ++levels; }
  return 80 + levels * (24 + 8 * static_cast<std::size_t>(capacity - 1));
}

inline void sketches(std::size_t n, index_t capacity)
{
  index_t const bound = quantile_sketch::rank_error_bound(static_cast<index_t>(n), capacity);
  auto const percent = [n](index_t ranks) {
    return 100.0 * static_cast<double>(ranks) / static_cast<double>(n);
  };
  std::printf("%zu scores, capacity %lld: bound %.4f %%\n\n", n, static_cast<long long>(capacity),
              percent(bound));
  std::printf(
      "| distribution | parts | ns per score | error, worst of 5 orders | `rank_error()` | "
      "at once | bytes sent, of at most %zu | in memory | `std::sort`, ns per score |\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
      most_bytes(n, capacity));
  for (auto const& from : distributions) {
    std::vector<double> scores(n);
    for (std::size_t i = 0; i < n; ++i) { scores[i] = from.score(i, n); }
    std::vector<double> sorted = scores;
    double const sort_begin = seconds_now();
    std::ranges::sort(sorted);
    double const sort_ns = 1e9 * (seconds_now() - sort_begin) / static_cast<double>(n);
    for (std::size_t const parts : {1u, 32u, 1000u}) {
      double const begin = seconds_now();
      std::vector<quantile_sketch> sketch;
      for (std::size_t p = 0; p < parts; ++p) {
        std::size_t const first = n * p / parts;
        sketch.emplace_back(capacity, p);
        sketch.back().push_column(vector_view<double const>(
            scores.data() + first, static_cast<index_t>(n * (p + 1) / parts - first)));
      }
      double const push_ns = 1e9 * (seconds_now() - begin) / static_cast<double>(n);
      permutation const order(static_cast<index_t>(parts), 1);
      quantile_sketch forwards(capacity), backwards(capacity), shuffled(capacity),
          at_once(capacity);
      for (std::size_t p = 0; p < parts; ++p) {
        forwards.merge(sketch[p]);
        backwards.merge(sketch[parts - 1 - p]);
        shuffled.merge(sketch[static_cast<std::size_t>(order(static_cast<index_t>(p)))]);
      }
      at_once.merge_all(sketch);
      for (std::size_t step = 1; step < parts; step *= 2) {  // a tree, in place
        for (std::size_t p = 0; p + step < parts; p += 2 * step) {
          sketch[p].merge(sketch[p + step]);
        }
      }
      index_t worst = 0, known = 0;
      std::size_t bytes = 0, memory = 0;
      for (auto const* each : {&forwards, &backwards, &shuffled, &at_once, sketch.data()}) {
        index_t const error = worst_error(*each, sorted);
        expect(error <= each->rank_error(), "an error above rank_error()");
        expect(each->rank_error() <= bound, "rank_error() above its bound");
        worst = std::max(worst, error);
        known = std::max(known, each->rank_error());
        bytes = std::max(bytes, encode_sketch(*each).size());
        memory = std::max(memory, memory_of(*each));
      }
      expect(bytes <= most_bytes(n, capacity), "more bytes than a sketch may have");
      std::printf("| %s | %zu | %.1f | %.4f %% | %.4f %% | %.4f %% | %zu | %zu | %.1f |\n",
                  from.name, parts, push_ns, percent(worst), percent(known),
                  percent(at_once.rank_error()), bytes, memory, sort_ns);
      std::fflush(stdout);
    }
  }
}

}  // namespace bench
