// SPDX-License-Identifier: MIT
/// \file  The table of scores that come in any order, from any rank.

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/communicator.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/ranking/score_table.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/score_distributions.hpp"
#include "support/thread_ranks.hpp"

using namespace prefopt;
using namespace prefopt::test;

namespace {

using column = score_column;

}  // namespace

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

TEST_CASE("a column or a table that is refused leaves a score table as it was", "[score_table]")
{
  for (auto const policy :
       {repeated_scores::must_agree, repeated_scores::last, repeated_scores::mean}) {
    CAPTURE(static_cast<int>(policy));
    score_table table(6, policy), untouched(6, policy);
    for (auto* each : {&table, &untouched}) {
      each->push(2, 5);
      each->push(2, 5);
      each->push(4, -1e308);
    }
    auto const is_untouched = [&] {
      score_table whole = table, expected = untouched;
      for (auto* each : {&whole, &expected}) {
        for (index_t const i : {0, 1, 3, 5}) { each->push(i, 0.25 * static_cast<double>(i)); }
        each->push(2, 5);
      }
      column got(6), wanted(6);
      whole.copy_to(got);
      expected.copy_to(wanted);
      return got == wanted && table.scored() == 2 && !table.has(1);
    };
    auto const refused = [&](std::vector<index_t> const& samples, column const& scores) {
      CHECK(error_of<std::invalid_argument>([&] { table.push(samples, scores); }) != "no error");
      CHECK(is_untouched());
    };
    refused({1, 2, 1, 6}, {3, 5, 3, 1});          // no such sample
    refused({1, 2, 1, 3}, {3, 5, 3, undefined});  // NaN
    refused({1, 2, 3}, {3, 5});
    if (policy == repeated_scores::must_agree) {
      refused({1, 3, 1}, {3, 2, 4});  // disagrees within the column
      refused({1, 2}, {3, 6});        // and with what was there
    }
    if (policy == repeated_scores::mean) { refused({1, 2, 1, 4}, {3, 7, 4, -1e308}); }  // overflows
    if (policy == repeated_scores::last) { continue; }
    score_table other(6, policy);
    other.push(1, 9);
    other.push(4, policy == repeated_scores::mean ? -1e308 : 6);
    CHECK(error_of<std::invalid_argument>([&] { table.merge(other); }) != "no error");
    CHECK(is_untouched());
  }
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
