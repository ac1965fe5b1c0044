// SPDX-License-Identifier: MIT
/// \file  Schedules that open samples up to a difficulty value.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/pacing/fixed_discrete_difficulty.hpp>
#include <prefopt/curriculum/pacing/fixed_root_difficulty.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/difficulty_paced.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/value_levels.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/schedule_draws.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

}  // namespace

TEST_CASE("a difficulty opens the samples that are at most as difficult", "[curriculum]")
{
  numbers const lengths{100, 8, 9, 16, 17, 24, 64, 63};
  column order(8), offsets(9);
  prefopt::rank_easy_to_hard(lengths, order);
  prefopt::levels_of_equal_width(lengths, order, 8, 8, offsets);
  prefopt::difficulty_paced<> const schedule{
      .difficulty = prefopt::fixed_linear_difficulty(8, 64, 8),
      .first = 8,
      .width = 8,
      .steps = 15,
      .epochs = 3};
  index_t draws = 0;
  for (index_t k = 0; k < 15; ++k) {
    double const d = schedule.difficulty(static_cast<double>(k) / 14);
    index_t open = 0;
    for (double const length : lengths) { open += length <= d ? 1 : 0; }
    open_part const part = schedule.part(k, 0, {offsets});
    CAPTURE(k, d);
    CHECK(part.first == 0);
    // The last level also holds what is beyond every threshold.
    CHECK(part.last == (d == 64 ? 8 : open));
    draws += part.draws;
  }
  CHECK(draws == 24);

  prefopt::difficulty_paced<prefopt::fixed_discrete_difficulty<2>> const table{
      .difficulty = {{16, 24}, {0.5}}, .first = 8, .width = 8, .steps = 2};
  CHECK(table.part(0, 0, {offsets}).last == 3);
  CHECK(table.part(1, 0, {offsets}).last == 5);
  // Between two thresholds the lower one holds.
  prefopt::difficulty_paced<prefopt::fixed_discrete_difficulty<2>> const between{
      .difficulty = {{15.9, 23}, {0.5}}, .first = 8, .width = 8, .steps = 2};
  CHECK(between.part(0, 0, {offsets}).last == 1);
  CHECK(between.part(1, 0, {offsets}).last == 3);
  // Nothing is that easy: the easiest sample is open all the same.
  prefopt::difficulty_paced<prefopt::fixed_discrete_difficulty<2>> const easy{
      .difficulty = {{1, 2}, {0.5}}, .first = 8, .width = 8, .steps = 2};
  CHECK(easy.part(0, 0, {offsets}).last == 1);
}

TEST_CASE("thresholds that no levels can be cut at are refused", "[curriculum]")
{
  column const order{0, 1, 2, 3}, offsets{0, 2, 4};
  constexpr double infinite = std::numeric_limits<double>::infinity();
  std::string const name = "prefopt::difficulty_paced: parameter ";
  auto const both = [&](prefopt::difficulty_paced<> const& schedule) {
    auto const when_run =
        error_of<std::invalid_argument>([&] { curriculum_sampler(schedule, order, offsets); });
    // A part asked for alone must not turn a NaN into a rank either.
    CHECK(error_of<std::invalid_argument>([&] { (void)schedule.part(0, 0, {offsets}); }) ==
          when_run);
    return when_run;
  };
  CHECK(both({.width = 0}) == name + "'width': expected a finite number above 0, got 0");
  CHECK(both({.width = infinite}) == name + "'width': expected a finite number above 0, got inf");
  CHECK(both({.first = -infinite}) == name + "'first': expected a finite number, got -inf");
  CHECK(mentions(both({.first = std::nan("")}), {name, "'first'", "nan"}));
  CHECK(mentions(both({.width = std::nan("")}), {name, "'width'", "nan"}));
  CHECK(both({}) == "no error");
  CHECK(error_of<std::invalid_argument>([&] {
          curriculum_sampler(prefopt::difficulty_paced<>{.difficulty = {.degree = 0}}, order,
                             offsets);
        }) == name + "'degree': expected a finite number above 0, got 0");
}

TEST_CASE("a difficulty opens the level that it is the threshold of, however it rounds",
          "[curriculum]")
{
  constexpr double first = 0.1, width = 0.1;  // (first + 19 width - first) / width is below 19
  constexpr index_t samples = 100;
  numbers scores;
  for (index_t k = 0; k < samples; ++k) {
    scores.push_back(first + static_cast<double>(k) * width);
  }
  column order(samples), offsets(samples + 1);
  prefopt::rank_easy_to_hard(scores, order);
  prefopt::levels_of_equal_width(scores, order, first, width, offsets);
  for (std::size_t k = 0; k < scores.size(); ++k) {
    CAPTURE(k);
    double const below = std::nextafter(scores[k], 0.0);
    prefopt::difficulty_paced<prefopt::fixed_discrete_difficulty<2>> const at{
        .difficulty = {{below, scores[k]}, {0.5}}, .first = first, .width = width, .steps = 2};
    auto const open = static_cast<index_t>(k);
    CHECK(at.part(0, 0, {offsets}).last == std::max(index_t{1}, open));
    CHECK(at.part(1, 0, {offsets}).last == open + 1);
  }
}
