// SPDX-License-Identifier: MIT
/// \file  The quantile sketch: its answers, their error and its bound.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/permutation.hpp>
#include <prefopt/ranking/quantile_sketch.hpp>
#include <prefopt/ranking/sketch_exchange.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/score_distributions.hpp"

using namespace prefopt;
using namespace prefopt::test;

namespace {

using column = score_column;

/// One sketch for each of `parts` contiguous pieces, each with its own coins.
std::vector<quantile_sketch> in_parts(column const& scores, std::size_t parts, index_t capacity)
{
  std::vector<quantile_sketch> sketches;
  for (std::size_t p = 0; p < parts; ++p) {
    std::size_t const begin = scores.size() * p / parts, end = scores.size() * (p + 1) / parts;
    sketches.emplace_back(capacity, p);
    sketches.back().push_column(
        vector_view<double const>(scores.data() + begin, static_cast<index_t>(end - begin)));
  }
  return sketches;
}

/// Whether every answer is within the interval given, the interval within the error, and the error
/// within the bound.
void check_answers(quantile_sketch const& sketch, column const& sorted)
{
  auto const n = static_cast<index_t>(sorted.size());
  REQUIRE(sketch.samples() == n);
  index_t const error = sketch.rank_error();
  CHECK(error <= quantile_sketch::rank_error_bound(n, sketch.capacity()));
  CHECK(sketch.lowest() == sorted.front());
  CHECK(sketch.highest() == sorted.back());
  auto const below = [&](double x) {
    return std::lower_bound(sorted.begin(), sorted.end(), x) - sorted.begin();
  };
  auto const up_to = [&](double x) {
    return std::upper_bound(sorted.begin(), sorted.end(), x) - sorted.begin();
  };
  bool held = true, close = true, found = true;
  auto const look = [&](rank_interval got, index_t truth) {
    held = held && got.low <= truth && truth <= got.high;
    close = close && std::abs(got.estimate - truth) <= error;
  };
  std::vector<index_t> ranks;
  for (index_t j = 0; j <= 200; ++j) { ranks.push_back(std::min(n * j / 200, n - 1)); }
  column scores(ranks.size());
  sketch.scores_at(ranks, scores);
  for (std::size_t j = 0; j < ranks.size(); ++j) {
    for (double const x : {sorted[at(ranks[j])], std::nextafter(sorted[at(ranks[j])], infinity)}) {
      look(sketch.samples_below(x), below(x));
      look(sketch.samples_up_to(x), up_to(x));
    }
    found = found && below(scores[j]) <= ranks[j] + error && up_to(scores[j]) > ranks[j] - error;
  }
  CHECK(held);
  CHECK(close);
  CHECK(found);
}

/// Whether it has the levels and takes the memory and the bytes that are stated.
void check_size(quantile_sketch const& sketch)
{
  auto const k = static_cast<std::size_t>(sketch.capacity());
  std::size_t levels = 1, stated = 80;  // H + 1
  for (index_t n = sketch.samples(); n >= sketch.capacity(); n /= 2) { ++levels; }
  CHECK(sketch.levels().size() <= levels);
  for (auto const& level : sketch.levels()) {
    CHECK(level.scores.size() < k);
    CHECK(level.scores.capacity() <= 2 * k);
    stated += 24 + 8 * level.scores.size();
  }
  CHECK(encode_sketch(sketch).size() == stated);
}

}  // namespace

TEST_CASE("ranks from a sketch stay within its error, merged from any parts in any order",
          "[sketch]")
{
  std::size_t const n = 60000;
  for (auto const& from : distributions) {
    column const scores = scores_of(from, n);
    column sorted = scores;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t const parts : {1u, 2u, 7u, 100u, 1000u}) {
      INFO(from.name << " in " << parts << " parts");
      auto const sketches = in_parts(scores, parts, 64);
      quantile_sketch forwards(64), backwards(64), shuffled(64), at_once(64);
      permutation const order(static_cast<index_t>(parts), 5);
      for (std::size_t p = 0; p < parts; ++p) {
        forwards.merge(sketches[p]);
        backwards.merge(sketches[parts - 1 - p]);
        shuffled.merge(sketches[at(order(static_cast<index_t>(p)))]);
      }
      at_once.merge_all(sketches);
      std::vector<quantile_sketch> tree = sketches;  // neighbours, then neighbours of these
      for (std::size_t step = 1; step < parts; step *= 2) {
        for (std::size_t p = 0; p + step < parts; p += 2 * step) { tree[p].merge(tree[p + step]); }
      }
      for (auto const* sketch : {&forwards, &backwards, &shuffled, &at_once, &tree[0]}) {
        check_answers(*sketch, sorted);
        check_size(*sketch);
      }
      CHECK(at_once.rank_error() <= forwards.rank_error());
    }
  }
}

TEST_CASE("no order of scores moves a rank further than the bound of a sketch of capacity 2",
          "[sketch]")
{
  // All orders of 8 scores, and which answers they give: the bound is met, so it is tight.
  column scores(8);
  std::iota(scores.begin(), scores.end(), 0);
  index_t worst = 0;
  index_t const bound = quantile_sketch::rank_error_bound(8, 2);
  CHECK(bound == 6);  // (8 / 2 + 4 / 2 * 2 + 2 / 2 * 4) / 2
  do {
    quantile_sketch sketch(2);
    sketch.push_column(scores);
    CHECK(sketch.rank_error() == bound);
    for (int x = 0; x < 8; ++x) {
      rank_interval const got = sketch.samples_below(x);
      REQUIRE(got.low <= x);
      REQUIRE(x <= got.high);
      worst = std::max<index_t>(worst, std::abs(got.estimate - x));
    }
  } while (std::next_permutation(scores.begin(), scores.end()));
  CHECK(worst <= bound);
  CHECK(worst >= bound / 2);
}

TEST_CASE("a sketch that was never compacted is exact", "[sketch]")
{
  column const scores = {3, 1, 2, 2, 9, -4, 0};
  quantile_sketch sketch(8);
  sketch.push_column(scores);
  CHECK(sketch.rank_error() == 0);
  CHECK(quantile_sketch::rank_error_bound(7, 8) == 0);
  CHECK(sketch.samples_below(2) == rank_interval{3, 3, 3});
  CHECK(sketch.samples_up_to(2) == rank_interval{5, 5, 5});
  column sorted = scores, got(scores.size());
  std::sort(sorted.begin(), sorted.end());
  std::vector<index_t> ranks(scores.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  sketch.scores_at(ranks, got);
  CHECK(got == sorted);

  quantile_sketch const none;
  CHECK(none.samples_below(0) == rank_interval{0, 0, 0});
  CHECK(none.samples_up_to(infinity) == rank_interval{0, 0, 0});
  CHECK(none.lowest() == infinity);
  CHECK(none.highest() == -infinity);
}

TEST_CASE("the bound of a sketch is as its documentation says", "[sketch]")
{
  auto const share = [](double n, index_t capacity) {
    double const error =
        static_cast<double>(quantile_sketch::rank_error_bound(static_cast<index_t>(n), capacity));
    double const levels = 1 + std::floor(std::log2(n / static_cast<double>(capacity)));
    CHECK(error <= n * levels / (2 * static_cast<double>(capacity)) + 1);
    return 100 * error / n;
  };
  CHECK(share(1e6, 4096) == Approx(0.088).margin(0.0005));
  CHECK(share(1e8, 4096) == Approx(0.171).margin(0.0005));
  CHECK(share(1e9, 4096) == Approx(0.210).margin(0.0005));
  CHECK(share(1e6, 16384) == Approx(0.016).margin(0.0005));
  CHECK(share(1e8, 16384) == Approx(0.037).margin(0.0005));
  CHECK(share(1e9, 16384) == Approx(0.046).margin(0.0005));
  CHECK(error_of<std::invalid_argument>([] { quantile_sketch::rank_error_bound(10, 0); }) ==
        "prefopt::quantile_sketch: capacity: expected an even number, 2 or more, got 0");
}

TEST_CASE("a sketch takes infinities as scores, -0 as 0, and refuses NaN by its sample", "[sketch]")
{
  column const scores = {-0.0, infinity, -infinity, 0, infinity, -1};
  quantile_sketch sketch(2);
  for (double const score : scores) { sketch.push(score); }
  CHECK(sketch.lowest() == -infinity);
  CHECK(sketch.highest() == infinity);
  CHECK(sketch.samples_below(-infinity) == rank_interval{0, 0, 0});
  CHECK(sketch.samples_up_to(infinity) == rank_interval{6, 6, 6});
  quantile_sketch zeros(2);
  for (int i = 0; i < 6; ++i) { zeros.push(i % 2 == 0 ? 0.0 : -0.0); }
  for (auto const& level : zeros.levels()) {
    for (double const kept : level.scores) { CHECK_FALSE(std::signbit(kept)); }
  }

  auto const before = encode_sketch(sketch);
  CHECK(mentions(error_of<std::invalid_argument>([&] { sketch.push(undefined); }),
                 {"quantile_sketch::push: score of sample 6: expected a number, got NaN"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] { sketch.push(undefined, 71); }),
                 {"sample 71"}));
  column const bad = {1, 2, undefined};
  CHECK(mentions(error_of<std::invalid_argument>([&] { sketch.push_column(bad, 100); }),
                 {"push_column", "sample 102", "NaN"}));
  CHECK(encode_sketch(sketch) == before);
  CHECK(
      mentions(error_of<std::invalid_argument>([&] { sketch.samples_below(undefined); }), {"NaN"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] { sketch.merge(quantile_sketch(4)); }),
                 {"capacity", "expected 2, got 4"}));
  for (index_t const capacity : {0, -2, 7}) {
    CHECK(mentions(error_of<std::invalid_argument>([&] { quantile_sketch{capacity}; }),
                   {"capacity", "even", std::to_string(capacity)}));
  }
  for (index_t const rank : {-1, 6}) {
    std::vector<index_t> const ranks = {rank};
    column got(1);
    CHECK(mentions(error_of<std::invalid_argument>([&] { sketch.scores_at(ranks, got); }),
                   {"ranks[0]", "below 6", std::to_string(rank)}));
  }
}

TEST_CASE("sketches repeat, and do not care which of two is merged into which", "[sketch]")
{
  auto const parts = in_parts(scores_of(distributions[3], 5000), 2, 32);
  auto const merged = [&](std::size_t first) {
    quantile_sketch sketch = parts[first];
    sketch.merge(parts[1 - first]);
    return encode_sketch(sketch);
  };
  CHECK(merged(0) == merged(1));
  CHECK(merged(0) == merged(0));
  quantile_sketch with_empty = parts[0];
  with_empty.merge(quantile_sketch(32));
  CHECK(encode_sketch(with_empty) == encode_sketch(parts[0]));
  quantile_sketch twice = parts[0];
  twice.merge(twice);
  CHECK(twice.samples() == 2 * parts[0].samples());

  // Another seed keeps other scores.
  quantile_sketch seeded(32, 77), unseeded(32);
  for (std::size_t i = 0; i < 5000; ++i) {
    seeded.push(uniform(i));
    unseeded.push(uniform(i));
  }
  CHECK(encode_sketch(decode_sketch(encode_sketch(seeded))) == encode_sketch(seeded));
  CHECK(seeded.levels().back().scores != unseeded.levels().back().scores);
}
