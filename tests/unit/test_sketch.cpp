// SPDX-License-Identifier: MIT
/// \file  Ranking without all scores in memory: the quantile sketch, the table of scores that come
/// in any order, the ranking from file to file.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/communicator.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/ranking/external_rank.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/quantile_sketch.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/score_table.hpp>
#include <prefopt/ranking/sketch_exchange.hpp>
#include <prefopt/ranking/sketch_levels.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/rank_scores.hpp"
#include "support/thread_ranks.hpp"

using namespace prefopt;
using prefopt::test::thread_ranks;

namespace {

using column = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();
double const undefined = std::numeric_limits<double>::quiet_NaN();

std::size_t at(index_t i)
{
  return static_cast<std::size_t>(i);
}

/// A uniform number in (0, 1) of its index.
double uniform(std::size_t i)
{
  return (static_cast<double>(detail::mix64(i + 1) >> 11) + 0.5) * 0x1p-53;
}

struct distribution {
  char const* name;
  double (*score)(std::size_t i, std::size_t n);
};

constexpr distribution distributions[] = {
    {"sorted", [](std::size_t i, std::size_t) { return static_cast<double>(i); }},
    {"reversed", [](std::size_t i, std::size_t n) { return static_cast<double>(n - i); }},
    {"constant", [](std::size_t, std::size_t) { return 2.5; }},
    {"heavy-tailed", [](std::size_t i, std::size_t) { return std::tan(3.14159 * uniform(i)); }},
    {"two-valued", [](std::size_t i, std::size_t) { return uniform(i) < 0.3 ? -1.0 : 7.0; }}};

column scores_of(distribution const& from, std::size_t n)
{
  column scores(n);
  for (std::size_t i = 0; i < n; ++i) { scores[i] = from.score(i, n); }
  return scores;
}

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

/// The bytes of a column of numbers in memory.
template <class T>
std::string bytes_of(std::vector<T> const& values)
{
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) { std::memcpy(bytes.data(), values.data(), bytes.size()); }
  return bytes;
}

std::string text_of(std::filesystem::path const& file)
{
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
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

TEST_CASE("a sketch goes on from its bytes, of the size that is stated", "[sketch]")
{
  column const scores = scores_of(distributions[3], 9001);
  quantile_sketch whole(64, 3);
  whole.push_column(scores);
  quantile_sketch first(64, 3);
  first.push_column(vector_view<double const>(scores.data(), 4444));
  std::string const bytes = encode_sketch(first);
  std::size_t stated = 80;
  for (auto const& level : first.levels()) {
    CHECK(level.scores.size() < 64);
    stated += 24 + 8 * level.scores.size();
  }
  CHECK(bytes.size() == stated);
  quantile_sketch second = decode_sketch(bytes);
  second.push_column(vector_view<double const>(scores.data() + 4444, 9001 - 4444));
  CHECK(encode_sketch(second) == encode_sketch(whole));

  auto const message = [](std::string const& changed) {
    return error_of<std::invalid_argument>([&] { decode_sketch(changed, "the file"); });
  };
  for (std::size_t size = 0; size < bytes.size(); size += size < 200 ? 1 : 97) {
    REQUIRE(mentions(message(bytes.substr(0, size)), {"decode_sketch: the file"}));
  }
  CHECK(mentions(message(bytes + '\0'), {"cut short, or changed"}));
  CHECK(mentions(message("something else altogether, it seems"), {"a quantile sketch"}));
  for (std::size_t k = 0; k < bytes.size(); k += k < 200 ? 1 : 97) {
    std::string changed = bytes;
    changed[k] = static_cast<char>(changed[k] ^ 4);
    REQUIRE(mentions(message(changed), {"the file"}));
  }
}

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

TEST_CASE("a score table takes scores in any order, once or again, and names what is missing",
          "[score_table]")
{
  score_table table(6);
  table.push(4, 0.5);
  table.push(1, -infinity);
  table.push(4, 0.5);
  table.push(3, -0.0);
  table.push(3, 0.0);  // the same score
  CHECK(table.samples() == 6);
  CHECK(table.scored() == 3);
  CHECK(table.missing() == 3);
  CHECK(table.has(1));
  CHECK_FALSE(table.has(0));
  CHECK(table.next_missing() == 0);
  CHECK(table.next_missing(1) == 2);
  CHECK(table.next_missing(3) == 5);
  column scores(6);
  CHECK(
      error_of<std::invalid_argument>([&] { table.copy_to(scores); }) ==
      "prefopt::score_table: scores: expected one for each of 6 samples, got 3; missing: 0, 2, 5");
  std::vector<index_t> const samples = {5, 0, 2};
  column const rest = {1, 2, infinity};
  table.push(samples, rest);
  table.copy_to(scores);
  CHECK(scores == column{2, -infinity, infinity, 0, 0.5, 1});
  CHECK(table.next_missing() == 6);

  CHECK(mentions(error_of<std::invalid_argument>([&] { table.push(4, 0.5 + 0x1p-53); }),
                 {"sample 4", "0.5 as before", "0.50000000000000011"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] { table.push(2, undefined); }),
                 {"sample 2", "NaN"}));
  for (index_t const sample : {-1, 6}) {
    CHECK(mentions(error_of<std::invalid_argument>([&] { table.push(sample, 1); }),
                   {"sample", "below 6", std::to_string(sample)}));
  }
  column after(6);
  table.copy_to(after);
  CHECK(after == scores);
  CHECK(mentions(error_of<std::invalid_argument>([&] { table.merge(score_table(5)); }),
                 {"'scores'", "6", "5"}));
  CHECK(mentions(
      error_of<std::invalid_argument>([&] { table.merge(score_table(6, repeated_scores::last)); }),
      {"policy"}));
  CHECK(mentions(error_of<std::invalid_argument>([] { score_table{-1}; }), {"samples", "-1"}));
  CHECK(mentions(error_of<std::invalid_argument>([] {
                   column none(7);
                   score_table(7).copy_to(none);
                 }),
                 {"missing: 0, 1, 2, 3, 4, ..."}));
}

TEST_CASE("repeated scores count as the policy of the table says", "[score_table]")
{
  auto const column_of = [](score_table const& table) {
    column scores(at(table.samples()));
    table.copy_to(scores);
    return scores;
  };
  score_table last(2, repeated_scores::last), mean(2, repeated_scores::mean);
  for (auto* table : {&last, &mean}) {
    table->push(0, 1e16);
    table->push(1, 3);
    table->push(0, 2);
    table->push(0, -1e16);
  }
  CHECK(column_of(last) == column{-1e16, 3});
  CHECK(column_of(mean) == column{2.0 / 3, 3});  // 1e16 + 2 - 1e16 would round to 2 or to 0
  score_table other(2, repeated_scores::mean);
  other.push(1, 5);
  other.push(1, 7);
  mean.merge(other);
  CHECK(column_of(mean) == column{2.0 / 3, 5});
  CHECK(mentions(error_of<std::invalid_argument>([&] { mean.push(1, infinity); }),
                 {"sample 1", "finite", "inf"}));
  CHECK(column_of(mean) == column{2.0 / 3, 5});
}

TEST_CASE("sketches and score tables over ranks are those of one process, bit for bit",
          "[sketch][score_table]")
{
  for (int const size : {1, 2, 3, 7, 64}) {
    for (index_t const samples : {0, 1, 63, 5000}) {
      thread_ranks ranks(size);
      std::vector<std::string> wrong(static_cast<std::size_t>(size));
      ranks.launch([&](auto const& member) {
        wrong[static_cast<std::size_t>(member.rank())] =
            prefopt::test::scores_that_differ_from_one_rank(member, samples);
      });
      CHECK(wrong == std::vector<std::string>(wrong.size()));
    }
  }
}

TEST_CASE("the highest rank's score is the last one, also where a lower rank's comes in later",
          "[score_table]")
{
  index_t const n = 270000;  // more than four ranks exchange in one round
  thread_ranks ranks(4);
  column scores(at(n));
  ranks.launch([&](auto const& member) {
    score_table mine(n, repeated_scores::last);
    if (member.rank() == 0) {
      for (index_t i = 0; i < n; ++i) { mine.push(i, 1); }
    } else if (member.rank() == 2) {
      mine.push(n - 1, 2);
      mine.push(5, 3);
    }
    auto const total = merge_over_ranks(member, mine);
    if (member.rank() == 3) { total.copy_to(scores); }
  });
  CHECK(scores[at(n - 1)] == 2);
  CHECK(scores[5] == 3);
  CHECK(std::count(scores.begin(), scores.end(), 1.0) == n - 2);
}

TEST_CASE("every rank gets the whole score table, and the same complaint", "[score_table]")
{
  index_t const n = 1000;
  for (auto const policy :
       {repeated_scores::must_agree, repeated_scores::last, repeated_scores::mean}) {
    for (int const size : {1, 2, 3, 7, 64}) {
      std::vector<score_table> mine(static_cast<std::size_t>(size), score_table(n, policy));
      permutation const order(n, 3);
      for (index_t i = 0; i < n; ++i) {  // dealt out unevenly, some twice
        auto const rank = at(i * i % size);
        mine[rank].push(order(i), 0.1 * static_cast<double>(i));
        if (i % 3 == 0) {
          mine[at((i * i + 1) % size)].push(
              order(i),
              0.1 * static_cast<double>(i) + (policy == repeated_scores::must_agree ? 0 : 100));
        }
      }
      score_table expected = mine[0];
      for (std::size_t r = 1; r < mine.size(); ++r) { expected.merge(mine[r]); }
      column wanted(at(n));
      expected.copy_to(wanted);
      thread_ranks ranks(size);
      std::vector<column> got(mine.size(), column(at(n)));
      ranks.launch([&](auto const& member) {
        auto const rank = static_cast<std::size_t>(member.rank());
        merge_over_ranks(member, mine[rank]).copy_to(got[rank]);
      });
      for (auto const& each : got) { CHECK(each == wanted); }
    }
  }
  thread_ranks ranks(3);
  std::vector<std::string> errors(3);
  ranks.launch([&](auto const& member) {
    score_table mine(4);
    mine.push(2, member.rank() == 2 ? 1.5 : 1.0);
    errors[static_cast<std::size_t>(member.rank())] =
        error_of<std::invalid_argument>([&] { merge_over_ranks(member, mine); });
  });
  for (auto const& error : errors) { CHECK(mentions(error, {"sample 2", "1 as before", "1.5"})); }
}

namespace {

/// The order of the file of scores, ranked with so much memory.
template <class Real>
std::vector<index_t> ranked(temporary_folder const& folder, std::vector<Real> const& scores,
                            std::size_t memory, external_rank_report& report)
{
  auto const file = put_file(folder / "scores", bytes_of(scores));
  report = rank_file_easy_to_hard<Real>(file.string(), static_cast<index_t>(scores.size()),
                                        (folder / "order").string(), {.memory = memory});
  std::string const bytes = text_of(folder / "order");
  std::vector<index_t> order(bytes.size() / sizeof(index_t));
  if (!order.empty()) { std::memcpy(order.data(), bytes.data(), bytes.size()); }
  return order;
}

std::vector<std::string> names_in(temporary_folder const& folder)
{
  std::vector<std::string> names;
  for (auto const& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEMPLATE_TEST_CASE("a file of scores is ranked as in memory", "[external_rank]", float, double)
{
  temporary_folder const folder;
  std::size_t const memory = std::size_t{1} << 20;
  for (std::size_t const n : {0u, 1u, 2u, 1000u, 70001u}) {
    for (auto const& from : distributions) {
      INFO(from.name << ", " << n);
      std::vector<TestType> scores(n);
      for (std::size_t i = 0; i < n; ++i) { scores[i] = static_cast<TestType>(from.score(i, n)); }
      for (std::size_t i = 0; i + 6 < n; i += 101) {  // ties and edges, in every run
        scores[i] = TestType(0);
        scores[i + 1] = TestType(-0.0);
        scores[i + 2] = static_cast<TestType>(infinity);
        scores[i + 3] = static_cast<TestType>(-infinity);
        scores[i + 4] = std::numeric_limits<TestType>::denorm_min();
        scores[i + 5] = std::numeric_limits<TestType>::lowest();
        scores[i + 6] = std::numeric_limits<TestType>::max();
      }
      std::vector<index_t> expected(n);
      rank_easy_to_hard(scores, expected);
      external_rank_report report;
      CHECK((ranked(folder, scores, memory, report) == expected));
      std::uint64_t const in = n * sizeof(TestType), out = n * sizeof(index_t);
      std::uint64_t const runs = report.runs == 1 ? 0 : n * (sizeof(TestType) + 4);
      CHECK(report.samples == static_cast<index_t>(n));
      CHECK((report.runs > 1) == (n > 65000));
      CHECK(report.bytes_read == in + runs);
      CHECK(report.bytes_written == runs + out);
      CHECK(names_in(folder) == std::vector<std::string>{"order", "scores"});
    }
  }
}

TEST_CASE("an external ranking that fails says why, and leaves the old order alone",
          "[external_rank]")
{
  temporary_folder const folder;
  std::size_t const n = 100000;
  std::vector<float> scores(n, 1.0f);
  auto const file = put_file(folder / "scores", bytes_of(scores)).string();
  auto const order = put_file(folder / "order", "old").string();
  auto const message = [&](index_t samples, external_rank_options options = {1u << 20}) {
    return error_of<std::invalid_argument>(
        [&] { rank_file_easy_to_hard<float>(file, samples, order, options); });
  };
  CHECK(mentions(message(n + 1), {"scores'", "400004 bytes", "400000"}));
  CHECK(mentions(message(n - 1), {"scores'", "399996 bytes", "400000"}));
  CHECK(mentions(message(-1), {"samples", "-1"}));
  CHECK(mentions(message(n, {1000}), {"memory", "1048576 bytes or more", "1000"}));
  CHECK(mentions(message(index_t(1) << 40), {"memory", "1099511627776 samples"}));
  scores[77777] = std::numeric_limits<float>::quiet_NaN();
  put_file(folder / "scores", bytes_of(scores));
  CHECK(mentions(message(n), {"score of sample 77777: expected a number, got NaN"}));
  scores[77777] = 1;
  put_file(folder / "scores", bytes_of(scores));
  CHECK(mentions(
      error_of<std::invalid_argument>([&] { rank_file_easy_to_hard<float>(file, n, file); }),
      {"another file"}));
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { rank_file_easy_to_hard<float>((folder / "none").string(), n, order); }),
                 {"none'", "can be read", "No such file"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   rank_file_easy_to_hard<float>(file, n, (folder / "none/order").string());
                 }),
                 {"none/order.part'", "can be written", "No such file"}));
  CHECK(text_of(order) == "old");
  CHECK(names_in(folder) == std::vector<std::string>{"order", "scores"});
}

TEST_CASE("an external ranking can be ended and begun anew", "[external_rank]")
{
  temporary_folder const folder;
  std::vector<double> scores(70001);
  for (std::size_t i = 0; i < scores.size(); ++i) { scores[i] = uniform(i); }
  auto const file = put_file(folder / "scores", bytes_of(scores)).string();
  auto const order = (folder / "order").string();
  auto const n = static_cast<index_t>(scores.size());

  // Progress rises to 1; a callback that throws ends the ranking at any point.
  std::vector<double> fractions;
  bool sane = true;
  auto const count = [&](external_rank_progress const& now) {
    sane = sane && now.seconds >= 0 && now.seconds_left >= 0;
    fractions.push_back(now.fraction);
  };
  rank_file_easy_to_hard<double>(file, n, order, {1u << 20}, count);
  CHECK(sane);
  CHECK(std::is_sorted(fractions.begin(), fractions.end()));
  CHECK(fractions.front() > 0);
  CHECK(fractions.back() == 1);
  std::string const whole = text_of(order);
  put_file(folder / "order", "old");
  for (std::size_t stop = 0; stop < fractions.size(); ++stop) {
    std::size_t blocks = 0;
    auto const end = [&](external_rank_progress const&) {
      if (blocks++ == stop) { throw std::runtime_error("enough"); }
    };
    CHECK(error_of<std::runtime_error>([&] {
            rank_file_easy_to_hard<double>(file, n, order, {1u << 20}, end);
          }) == "enough");
    REQUIRE(text_of(order) == "old");
    REQUIRE(names_in(folder) == std::vector<std::string>{"order", "scores"});
  }

  // What a killed process left, longer runs and more of them, does no harm and goes away.
  put_file(folder / "order.part", std::string(1000000, 'x'));
  for (int k : {0, 1, 17, 255}) {
    put_file(folder / ("order.run" + std::to_string(k)), std::string(300000, 'y'));
  }
  rank_file_easy_to_hard<double>(file, n, order, {1u << 20});
  CHECK(text_of(order) == whole);
  CHECK(names_in(folder) == std::vector<std::string>{"order", "scores"});
}

TEST_CASE("a disk that is full and a file that is cut short while it is read are noticed",
          "[external_rank]")
{
  temporary_folder const folder;
  std::vector<float> const scores(100000, 1.0f);
  auto const file = put_file(folder / "scores", bytes_of(scores)).string();
  auto const order = (folder / "order").string();
  if (std::filesystem::exists("/dev/full")) {
    detail::block_file full("rank", "/dev/full", "wb", "a file");
    CHECK(mentions(error_of<std::invalid_argument>([&] { full.write("text", 4); }),
                   {"/dev/full", "space on the disk", "No space left"}));
  }
  int blocks = 0;
  auto const cut = [&](external_rank_progress const&) {
    if (blocks++ == 0) { std::filesystem::resize_file(file, 200000); }
  };
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { rank_file_easy_to_hard<float>(file, 100000, order, {1u << 20}, cut); }),
                 {"scores'", "got 200000: cut short"}));
  CHECK(names_in(folder) == std::vector<std::string>{"scores"});
}
