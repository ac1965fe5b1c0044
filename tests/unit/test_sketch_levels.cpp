// SPDX-License-Identifier: MIT
/// \file  Levels from quantile sketches, on one rank and on many.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/quantile_sketch.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/sketch_exchange.hpp>
#include <prefopt/ranking/sketch_levels.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/score_distributions.hpp"
#include "support/thread_ranks.hpp"

using namespace prefopt;
using namespace prefopt::test;

namespace {

using column = score_column;

}  // namespace

TEST_CASE("thresholds of a sketch cut where the ranking would be cut", "[sketch]")
{
  column scores = scores_of(distributions[3], 3001);
  column const fractions = {0, 0.2, 0.5, 0.5, 0.99, 1};
  std::vector<index_t> offsets(8), expected(8), order(scores.size());
  rank_easy_to_hard(scores, order);
  auto const n = static_cast<index_t>(scores.size());
  levels_at_fractions(n, fractions, expected);

  column thresholds(fractions.size());
  auto const cut_by = [&](index_t capacity) {
    quantile_sketch sketch(capacity);
    sketch.push_column(scores);
    thresholds_at_fractions(sketch, fractions, thresholds);
    levels_at_thresholds(scores, order, thresholds, offsets);
    return sketch.rank_error();
  };
  CHECK(cut_by(4096) == 0);
  CHECK(offsets == expected);

  index_t const error = cut_by(64);
  CHECK(error > 0);
  for (std::size_t k = 0; k < offsets.size(); ++k) {
    CHECK(std::abs(offsets[k] - expected[k]) <= error);  // no two scores are equal
  }
  std::vector<index_t> counted(7, 0);
  for (double const score : scores) { ++counted[at(level_of_score(score, thresholds))]; }
  for (std::size_t k = 0; k < counted.size(); ++k) {
    CHECK(counted[k] == offsets[k + 1] - offsets[k]);
  }
  CHECK(level_of_score(thresholds[2], thresholds) == 4);  // at two equal thresholds: above both
  CHECK(mentions(error_of<std::invalid_argument>([&] { level_of_score(undefined, thresholds); }),
                 {"NaN"}));

  auto const message = [&](column const& cuts, quantile_sketch const& sketch) {
    column got(cuts.size());
    return error_of<std::invalid_argument>([&] { thresholds_at_fractions(sketch, cuts, got); });
  };
  quantile_sketch one;
  CHECK(mentions(message({0.5}, one), {"samples of the sketch", "1 or more"}));
  one.push(4);
  CHECK(mentions(message({0.5, 0.4}, one), {"fractions[1]"}));
  CHECK(mentions(message({1.1}, one), {"fractions[0]", "[0, 1]"}));
  CHECK(mentions(message({undefined}, one), {"fractions[0]"}));
}

TEST_CASE("levels of scores spread over ranks are the same on all of them, within the bound",
          "[sketch]")
{
  std::size_t const n = 30000;
  column const fractions = {1.0 / 3, 2.0 / 3};
  for (auto const& from : distributions) {
    column const scores = scores_of(from, n);
    column sorted = scores;
    std::sort(sorted.begin(), sorted.end());
    for (int const size : {1, 2, 3, 7, 64}) {
      INFO(from.name << " over " << size << " ranks");
      thread_ranks ranks(size);
      std::vector<std::string> bytes(static_cast<std::size_t>(size));
      std::vector<std::vector<index_t>> counted(bytes.size(), std::vector<index_t>(3, 0));
      column thresholds(2);
      ranks.launch([&](auto const& member) {
        auto const rank = static_cast<std::size_t>(member.rank());
        quantile_sketch mine(128, rank);
        for (std::size_t i = rank; i < n; i += bytes.size()) {
          if (rank != 1) { mine.push(scores[i], static_cast<index_t>(i)); }  // rank 1 has none
        }
        quantile_sketch const total = merge_over_ranks(member, mine);
        bytes[rank] = encode_sketch(total);
        column cuts(2);
        thresholds_at_fractions(total, fractions, cuts);
        for (std::size_t i = rank; i < n; i += bytes.size()) {
          if (rank != 1) { ++counted[rank][at(level_of_score(scores[i], cuts))]; }
        }
        if (rank == 0) { thresholds = cuts; }
      });
      CHECK(std::all_of(bytes.begin(), bytes.end(), [&](auto const& b) { return b == bytes[0]; }));
      quantile_sketch const total = decode_sketch(bytes[0]);
      index_t const error = total.rank_error();
      CHECK(error <= quantile_sketch::rank_error_bound(total.samples(), 128));
      column all;
      for (std::size_t i = 0; i < n; ++i) {
        if (i % bytes.size() != 1) { all.push_back(scores[i]); }
      }
      std::sort(all.begin(), all.end());
      CHECK(total.samples() == static_cast<index_t>(all.size()));
      index_t below = 0;
      for (std::size_t k = 0; k < 2; ++k) {
        for (auto const& each : counted) { below += each[k]; }
        auto const cut =
            static_cast<index_t>(std::round(fractions[k] * static_cast<double>(all.size())));
        CHECK(below == std::lower_bound(all.begin(), all.end(), thresholds[k]) - all.begin());
        CHECK(below <= cut + error);
        CHECK(std::upper_bound(all.begin(), all.end(), thresholds[k]) - all.begin() >= cut - error);
      }
    }
  }
  thread_ranks two(2);
  std::vector<std::string> errors(2);
  two.launch([&](auto const& member) {
    quantile_sketch const mine(member.rank() == 0 ? 64 : 128);
    errors[static_cast<std::size_t>(member.rank())] =
        error_of<std::invalid_argument>([&] { merge_over_ranks(member, mine); });
  });
  CHECK(mentions(errors[0], {"capacity", "64", "128"}));
  CHECK(errors[0] == errors[1]);
}
