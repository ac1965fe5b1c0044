// SPDX-License-Identifier: MIT
/// \file  Schedules that mix levels, cap epochs, follow a difficulty, answer to the training, or
/// run inside groups. What all schedules have in common is in tests/laws.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/level_gate.hpp>
#include <prefopt/curriculum/mixture/annealed_weights.hpp>
#include <prefopt/curriculum/mixture/temperature_weights.hpp>
#include <prefopt/curriculum/pacing/fixed_discrete_difficulty.hpp>
#include <prefopt/curriculum/pacing/fixed_root_difficulty.hpp>
#include <prefopt/curriculum/pacing/power_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedule_ref.hpp>
#include <prefopt/curriculum/schedules/anti_curriculum.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/difficulty_paced.hpp>
#include <prefopt/curriculum/schedules/level_mixture.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>
#include <prefopt/curriculum/schedules/per_group.hpp>
#include <prefopt/curriculum/schedules/unimax.hpp>
#include <prefopt/curriculum/schedules/up_to_level.hpp>
#include <prefopt/curriculum/schedules/up_to_share.hpp>
#include <prefopt/ranking/groups.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/value_levels.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using prefopt::curriculum_sampler;
using prefopt::index_t;
using prefopt::level_view;
using prefopt::open_part;
using column = std::vector<index_t>;
using numbers = std::vector<double>;

/// Offsets of levels of these sizes.
column offsets_of(column const& sizes)
{
  column offsets{0};
  for (index_t const size : sizes) { offsets.push_back(offsets.back() + size); }
  return offsets;
}

/// Draws of each part of a phase.
template <class Schedule>
column draws_in(Schedule const& schedule, index_t phase, column const& offsets)
{
  level_view const levels{offsets};
  column draws;
  for (index_t j = 0; j < prefopt::parts_of(schedule, phase, levels); ++j) {
    draws.push_back(prefopt::checked_part(schedule, phase, j, levels).draws);
  }
  return draws;
}

/// Draws of each part over the whole run.
template <class Schedule>
column draws_of_run(Schedule const& schedule, column const& offsets)
{
  column sum;
  for (index_t k = 0; k < schedule.phases({offsets}); ++k) {
    column const draws = draws_in(schedule, k, offsets);
    sum.resize(draws.size());
    for (std::size_t j = 0; j < draws.size(); ++j) { sum[j] += draws[j]; }
  }
  return sum;
}

index_t total(column const& draws)
{
  return std::accumulate(draws.begin(), draws.end(), index_t{0});
}

/// How often a run draws each rank of a ranking that is the identity.
template <class Schedule>
column visits(Schedule const& schedule, column const& offsets)
{
  column order(static_cast<std::size_t>(offsets.back())), count(order.size()), batch(16);
  std::iota(order.begin(), order.end(), 0);
  curriculum_sampler sampler(schedule, order, offsets, {.batch = 16, .seed = 1});
  while (auto const drawn = sampler.next(batch)) {
    for (index_t i = 0; i < drawn.count; ++i) {
      ++count[static_cast<std::size_t>(batch[static_cast<std::size_t>(i)])];
    }
  }
  return count;
}

/// UniMax as its paper writes it: real numbers, smallest source first.
numbers unimax_of_paper(column sizes, double budget, double max_epochs)
{
  std::vector<std::size_t> by_size(sizes.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::sort(by_size.begin(), by_size.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(sizes[a], a) < std::pair(sizes[b], b);
  });
  numbers share(sizes.size());
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    double const even = budget / static_cast<double>(by_size.size() - i);
    double const cap = max_epochs * static_cast<double>(sizes[by_size[i]]);
    share[by_size[i]] = even > cap ? cap : even;
    budget -= share[by_size[i]];
  }
  return share;
}

/// A mixture that is asked for its parts one by one.
struct asked_singly {
  prefopt::level_mixture<prefopt::temperature_weights<>> inner{};

  index_t phases(level_view v) const { return inner.phases(v); }
  index_t epochs_of(index_t phase, level_view v) const { return inner.epochs_of(phase, v); }
  index_t parts(index_t phase, level_view v) const { return inner.parts(phase, v); }
  open_part part(index_t phase, index_t j, level_view v) const { return inner.part(phase, j, v); }
  friend bool operator==(asked_singly const&, asked_singly const&) = default;
};
static_assert(!prefopt::gives_parts_together<asked_singly>);

/// Counts how often it is asked.
struct counting_weights {
  static inline index_t asked = 0;
  double weight(index_t level, double, level_view) const
  {
    ++asked;
    return static_cast<double>(level % 7 + 1);
  }
  friend bool operator==(counting_weights const&, counting_weights const&) = default;
};

/// Two parts of every ranking, counted as they are asked for.
struct counting_schedule {
  static inline index_t asked = 0;
  index_t phases(level_view) const { return 1; }
  index_t epochs_of(index_t, level_view) const { return 1; }
  index_t parts(index_t, level_view) const { return 2; }
  open_part part(index_t, index_t j, level_view levels) const
  {
    ++asked;
    return {0, levels.samples(), levels.samples() * (j + 1)};
  }
  friend bool operator==(counting_schedule const&, counting_schedule const&) = default;
};

/// UniMax, with the parts counted that are asked for one by one.
struct counting_unimax : prefopt::unimax {
  static inline index_t asked = 0;
  open_part part(index_t phase, index_t j, level_view levels) const
  {
    ++asked;
    return unimax::part(phase, j, levels);
  }
};

/// In one group of every two the only phase has no epochs.
struct only_large_rankings {
  index_t phases(level_view) const { return 1; }
  index_t epochs_of(index_t, level_view levels) const { return levels.samples() > 10 ? 2 : 0; }
  open_part part(index_t, index_t, level_view levels) const
  {
    return prefopt::whole(0, levels.samples());
  }
  friend bool operator==(only_large_rankings const&, only_large_rankings const&) = default;
};

/// The parts of a phase, by one pass.
template <class Schedule>
std::vector<open_part> pass(Schedule const& schedule, index_t phase, column const& offsets)
{
  std::vector<open_part> all;
  prefopt::for_each_part(schedule, phase, {offsets}, [&](open_part part) { all.push_back(part); });
  return all;
}

/// Offsets of many levels, some of them empty.
column offsets_of_many(index_t levels)
{
  column sizes;
  for (index_t k = 0; k < levels; ++k) { sizes.push_back(k * k % 37); }
  return offsets_of(sizes);
}

/// A weight that is wrong for level 1.
struct bad_weights {
  double value = -1;
  double weight(index_t level, double, level_view) const { return level == 1 ? value : 1.0; }
  friend bool operator==(bad_weights const&, bad_weights const&) = default;
};

}  // namespace

TEST_CASE("mixture by temperature draws by powers of the sizes", "[curriculum]")
{
  column const sizes{10, 40, 50}, offsets = offsets_of(sizes);
  auto const mixture = [&](double alpha) {
    return prefopt::level_mixture<prefopt::temperature_weights<>>{
        .weights = {.alpha = {.from = alpha, .to = alpha}}, .steps = 1, .epochs = 30};
  };
  CHECK(draws_in(mixture(1), 0, offsets) == column{300, 1200, 1500});
  CHECK(draws_in(mixture(0), 0, offsets) == column{1000, 1000, 1000});
  for (double const alpha : {0.3, 0.7, 2.0, -1.0}) {
    double sum = 0;
    for (index_t const n : sizes) { sum += std::pow(static_cast<double>(n), alpha); }
    column const draws = draws_in(mixture(alpha), 0, offsets);
    CHECK(total(draws) == 3000);
    for (std::size_t k = 0; k < 3; ++k) {
      double const expected = 3000 * std::pow(static_cast<double>(sizes[k]), alpha) / sum;
      CHECK(std::fabs(static_cast<double>(draws[k]) - expected) < 1);
    }
  }
  // Levels without samples take no share, not even of an even mixture.
  CHECK(draws_in(mixture(0), 0, {0, 0, 10, 10, 20}) == column{0, 300, 0, 300});
}

TEST_CASE("a mixture may move over its steps", "[curriculum]")
{
  column const offsets = offsets_of({10, 90});
  prefopt::level_mixture<prefopt::temperature_weights<>> const moving{
      .weights = {.alpha = {.from = 0, .to = 1}}, .steps = 5, .epochs = 5};
  CHECK(draws_in(moving, 0, offsets) == column{50, 50});
  CHECK(draws_in(moving, 4, offsets) == column{10, 90});
  index_t before = 50;
  for (index_t k = 1; k < 5; ++k) {
    index_t const easy = draws_in(moving, k, offsets)[0];
    CHECK(easy < before);
    before = easy;
  }
  CHECK(total(draws_of_run(moving, offsets)) == 500);
}

TEST_CASE("annealing goes from the easy levels to every sample alike", "[curriculum]")
{
  column const offsets = offsets_of({20, 30, 50});
  prefopt::level_mixture<prefopt::annealed_weights<>> const annealed{
      .weights = {.inverse_temperature = {.from = 4, .to = 0}}, .steps = 3, .epochs = 300};
  CHECK(draws_in(annealed, 2, offsets) == column{2000, 3000, 5000});
  // p_k ~ n_k exp(-4 k / 2) at first.
  double const easy = 20, middle = 30 * std::exp(-2.0), hard = 50 * std::exp(-4.0);
  column const first = draws_in(annealed, 0, offsets);
  CHECK(std::fabs(static_cast<double>(first[0]) - 1e4 * easy / (easy + middle + hard)) < 1);
  CHECK(std::fabs(static_cast<double>(first[1]) - 1e4 * middle / (easy + middle + hard)) < 1);
  // Cold enough that all but one level underflow; also where the easiest are empty.
  prefopt::level_mixture<prefopt::annealed_weights<>> cold{
      .weights = {.inverse_temperature = {.from = 1e6, .to = 1e6}}, .steps = 1, .epochs = 1};
  CHECK(draws_in(cold, 0, {0, 0, 4, 8, 12}) == column{0, 12, 0, 0});
  cold.weights.inverse_temperature = {.from = -1e6, .to = -1e6};
  CHECK(draws_in(cold, 0, {0, 4, 8, 12, 12}) == column{0, 0, 12, 0});
}

TEST_CASE("what a level loses by rounding in one phase it gets in another", "[curriculum]")
{
  // One draw per phase, shares .4 .3 .2 .1: rounding each alone would draw level 0 or 1 forever.
  column const sizes{400, 300, 200, 100}, offsets = offsets_of(sizes);
  prefopt::level_mixture<prefopt::temperature_weights<>> const one_by_one{
      .weights = {.alpha = {.from = 1, .to = 1}}, .steps = 1000, .epochs = 1};
  CHECK(total(draws_in(one_by_one, 17, offsets)) == 1);
  column const draws = draws_of_run(one_by_one, offsets);
  CHECK(total(draws) == 1000);
  for (std::size_t k = 0; k < 4; ++k) { CHECK(std::abs(draws[k] - sizes[k]) <= 3); }
}

TEST_CASE("the parts of a mixture are the same together and one by one", "[curriculum]")
{
  using mixture = prefopt::level_mixture<prefopt::temperature_weights<>>;
  static_assert(prefopt::gives_parts_together<mixture>);
  mixture const moving{.weights = {.alpha = {.from = -0.7, .to = 1.3}}, .steps = 97, .epochs = 2};
  column const offsets = offsets_of_many(200);
  for (index_t phase = 0; phase < 97; ++phase) {
    std::vector<open_part> const together = pass(moving, phase, offsets);
    REQUIRE(together.size() == 200);
    for (index_t j = 0; j < 200; ++j) {
      REQUIRE(together[static_cast<std::size_t>(j)] == moving.part(phase, j, {offsets}));
    }
  }
  // More parts than an epoch's table holds.
  CHECK(visits(moving, offsets) == visits(asked_singly{moving}, offsets));
  CHECK(asked_singly{moving} != asked_singly{});
}

TEST_CASE("a pass over 10,000 levels looks at each a few times", "[curriculum]")
{
  constexpr index_t levels = 10000;
  column const offsets = offsets_of_many(levels);
  index_t filled = 0;
  for (index_t k = 0; k < levels; ++k) { filled += level_view{offsets}.size(k) > 0 ? 1 : 0; }
  auto const counted = [](index_t& counter, auto const& work) {
    counter = 0;
    work();
    return counter;
  };
  auto const draws_of = [&](auto const& schedule) {
    index_t draws = 0;
    for (open_part const part : pass(schedule, 0, offsets)) { draws += part.draws; }
    return draws;
  };

  prefopt::level_mixture<counting_weights> const mixture{};
  CHECK(counted(counting_weights::asked, [&] { CHECK(draws_of(mixture) == offsets.back()); }) ==
        2 * filled);
  // Groups of 10 levels, and of one: twice for what a group draws, once for its parts.
  for (index_t const groups : {levels / 10, levels}) {
    CAPTURE(groups);
    prefopt::per_group<counting_schedule> const side_by_side{.inner = {}, .groups = groups};
    CHECK(counted(counting_schedule::asked,
                  [&] { CHECK(draws_of(side_by_side) == 3 * offsets.back()); }) == 4 * groups);
    prefopt::per_group<counting_schedule, counting_weights> const mixed{.inner = {},
                                                                        .groups = groups};
    CHECK(counted(counting_schedule::asked,
                  [&] { CHECK(draws_of(mixed) == 3 * offsets.back()); }) == 6 * groups);
    CHECK(counted(counting_weights::asked, [&] { (void)draws_of(mixed); }) <= 2 * groups);
  }
  // UniMax searches its fill once for all levels: no part is asked for by itself.
  static_assert(prefopt::gives_parts_together<counting_unimax>);
  counting_unimax const even{{.max_epochs = 2}};
  CHECK(counted(counting_unimax::asked, [&] { CHECK(draws_of(even) == offsets.back()); }) == 0);
  (void)even.part(0, 0, {offsets});
  CHECK(counting_unimax::asked == 1);
}

TEST_CASE("annealing over thousands of empty levels finds the first that is not", "[curriculum]")
{
  for (index_t const place : {0, 1, 4999, 5000, 9998, 9999}) {
    CAPTURE(place);
    column sizes(10000);
    sizes[static_cast<std::size_t>(place)] = 3;
    sizes.back() += 5;
    column const offsets = offsets_of(sizes);
    prefopt::annealed_weights<> cold{.inverse_temperature = {.from = 1e9, .to = 1e9}};
    CHECK(cold.weight(place, 0, {offsets}) == (place == 9999 ? 8 : 3));
    CHECK(cold.weight(9999, 0, {offsets}) == (place == 9999 ? 8 : 0));
    cold.inverse_temperature = {.from = -1e9, .to = -1e9};
    CHECK(cold.weight(9999, 0, {offsets}) == (place == 9999 ? 8 : 5));
    CHECK(cold.weight(place, 0, {offsets}) == (place == 9999 ? 8 : 0));
  }
}

TEST_CASE("weights that are no weights are refused by their level", "[curriculum]")
{
  CHECK(bad_weights{} == bad_weights{-1});
  column const order{0, 1, 2, 3}, offsets{0, 2, 4}, empty{0, 4, 4};
  prefopt::level_mixture<bad_weights> mixture{};
  CHECK(error_of<std::invalid_argument>([&] { curriculum_sampler(mixture, order, offsets); }) ==
        "prefopt::level_mixture: weight of level 1: expected a finite number of 0 or more, got "
        "-1.000000");
  mixture.weights.value = std::nan("");
  CHECK(mentions(
      error_of<std::invalid_argument>([&] { curriculum_sampler(mixture, order, offsets); }),
      {"weight of level 1", "nan"}));
  CHECK_NOTHROW(curriculum_sampler(mixture, order, empty));  // an empty level is not asked
  // Powers of 1e5 leave nothing above 0.
  prefopt::level_mixture<prefopt::temperature_weights<>> const underflow{
      .weights = {.alpha = {.from = 1e5, .to = 1e5}}};
  CHECK(error_of<std::invalid_argument>([&] { curriculum_sampler(underflow, order, offsets); }) ==
        "prefopt::level_mixture: weights of all levels: expected one above 0, got none");
  mixture.steps = 0;
  CHECK(error_of<std::invalid_argument>([&] { curriculum_sampler(mixture, order, offsets); }) ==
        "prefopt::level_mixture: steps: expected 1 or more, got 0");
}

TEST_CASE("UniMax divides its budget as its paper does, in whole draws", "[curriculum]")
{
  for (column const& sizes : {column{10, 100, 1000}, column{1000, 10, 100}, column{7, 7, 7},
                              column{1, 2, 3, 500, 2}, column{12, 0, 5}, column{3}}) {
    for (index_t const epochs : {1, 2, 3, 5}) {
      for (index_t const most : {1, 2, 4, 9}) {
        CAPTURE(sizes, epochs, most);
        column const offsets = offsets_of(sizes);
        column const draws = draws_in(prefopt::unimax{most, epochs}, 0, offsets);
        index_t const budget = std::min(epochs, most) * offsets.back();
        CHECK(total(draws) == budget);
        numbers const exact =
            unimax_of_paper(sizes, static_cast<double>(budget), static_cast<double>(most));
        for (std::size_t k = 0; k < sizes.size(); ++k) {
          CHECK(std::fabs(static_cast<double>(draws[k]) - exact[k]) < 1);
          CHECK(draws[k] <= most * sizes[k]);
        }
      }
    }
  }
}

TEST_CASE("UniMax fills small levels first, in whatever order they come", "[curriculum]")
{
  // The largest first, as in one port, would leave 600 of the budget of 1110 unspent.
  CHECK(draws_in(prefopt::unimax{.max_epochs = 4, .epochs = 1}, 0, offsets_of({1000, 100, 10})) ==
        column{670, 400, 40});
  // A budget above all caps is cut to them, not drawn beyond them.
  CHECK(draws_in(prefopt::unimax{.max_epochs = 2, .epochs = 9}, 0, offsets_of({3, 5})) ==
        column{6, 10});
  CHECK(visits(prefopt::unimax{.max_epochs = 2, .epochs = 9}, offsets_of({3, 5})) == column(8, 2));
  // No cap at all.
  constexpr index_t any = std::numeric_limits<index_t>::max();
  CHECK(draws_in(prefopt::unimax{.max_epochs = any, .epochs = 1}, 0, offsets_of({10, 1, 0, 4})) ==
        column{5, 5, 0, 5});
  CHECK(mentions(error_of<std::invalid_argument>([] {
                   column const offsets{0, 3};
                   (void)prefopt::unimax{.max_epochs = any, .epochs = any}.part(0, 0, {offsets});
                 }),
                 {"unimax", "epochs", "2^62 draws"}));
  CHECK(mentions(error_of<std::invalid_argument>([] {
                   column const offsets{0, 3};
                   (void)prefopt::unimax{.max_epochs = -1}.phases({offsets});
                 }),
                 {"unimax", "0 or more", "-1"}));
}

TEST_CASE("the anti-curriculum is one pass backwards", "[curriculum]")
{
  column const offsets = offsets_of({2, 3, 4});
  CHECK(prefopt::anti_curriculum{}.part(0, 0, {offsets}) == prefopt::whole(5, 9));
  CHECK(prefopt::anti_curriculum{}.part(2, 0, {offsets}) == prefopt::whole(0, 2));
  CHECK(visits(prefopt::anti_curriculum{.epochs = 3}, offsets) == column(9, 3));
}

TEST_CASE("baby steps over levels at shares are CurML's", "[curriculum]")
{
  // CurML's baby_step.py opens min(1, c0 + g (floor((e - 1) / I) + 1)) in epoch e = 1, 2, ...
  constexpr index_t samples = 200, interval = 3;
  constexpr double start = 0.1, growth = 0.2;
  numbers const shares{start + growth, start + 2 * growth, start + 3 * growth, start + 4 * growth};
  column offsets(6);
  prefopt::levels_at_fractions(samples, shares, offsets);
  prefopt::baby_steps const steps{.epochs = interval};
  level_view const levels{offsets};
  index_t epoch = 1;
  for (index_t phase = 0; phase < steps.phases(levels); ++phase) {
    for (index_t e = 0; e < steps.epochs_of(phase, levels); ++e, ++epoch) {
      double const way = std::floor(static_cast<double>(epoch - 1) / interval) + 1;
      double const open = std::fmin(1, start + growth * way) * samples;
      CHECK(steps.part(phase, 0, levels) == prefopt::whole(0, std::llround(open)));
    }
  }
  CHECK(epoch - 1 == 15);
}

TEST_CASE("every sample of a pass comes as often as its epochs, random order or not",
          "[curriculum]")
{
  column const offsets = offsets_of({3, 0, 4});
  CHECK(visits(prefopt::one_pass{.epochs = 2}, offsets) == column(7, 2));
  CHECK(visits(prefopt::baby_steps{.epochs = 1}, offsets) == column{3, 3, 3, 1, 1, 1, 1});
  column order(7), batch(7);
  prefopt::rank_at_random(5, order);
  curriculum_sampler sampler(prefopt::one_pass{}, order, offsets, {.batch = 7});
  column drawn;
  while (auto const next = sampler.next(batch)) {
    drawn.insert(drawn.end(), batch.begin(), batch.begin() + next.count);
  }
  std::sort(drawn.begin(), drawn.end());
  CHECK(drawn == column{0, 1, 2, 3, 4, 5, 6});
}

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
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { (void)prefopt::difficulty_paced<>{.width = 0}.phases({offsets}); }),
                 {"difficulty_paced", "width", "above 0"}));
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

TEST_CASE("a pacing that leaves its range is refused", "[curriculum]")
{
  column const order{0, 1, 2, 3}, offsets{0, 4};
  auto const message = [&](auto const& pacing) {
    using schedule = prefopt::paced<std::remove_cvref_t<decltype(pacing)>>;
    return error_of<std::invalid_argument>(
        [&] { curriculum_sampler(schedule{.pacing = pacing, .steps = 3}, order, offsets); });
  };
  CHECK(message(prefopt::linear_pacing{.start = 2}) ==
        "prefopt::paced: pacing at 0.000000: expected a share in [0, 1], got 2.000000");
  CHECK(mentions(message(prefopt::power_pacing{.power = -1}), {"pacing at", "nan"}));
  CHECK(mentions(message(prefopt::linear_pacing{.start = std::nan("")}), {"pacing at", "nan"}));
  CHECK(message(prefopt::linear_pacing{.start = 0}) == "no error");
}

TEST_CASE("a run of one step is the last step, and opens everything", "[curriculum]")
{
  column const offsets = offsets_of({5, 0, 8});
  CHECK(prefopt::paced<>{.steps = 1, .epochs = 2}.part(0, 0, {offsets}) == open_part{0, 13, 26});
  CHECK(prefopt::difficulty_paced<>{.steps = 1}.part(0, 0, {offsets}).last == 13);
  prefopt::level_mixture<prefopt::annealed_weights<>> const annealed{.steps = 1};
  CHECK(draws_in(annealed, 0, offsets) == column{5, 0, 8});
  // One sample, and more steps than draws: some draw nothing, none draws from nothing.
  prefopt::paced<> const many{.pacing = {.start = 0}, .steps = 7, .epochs = 3};
  CHECK(visits(many, {0, 1}) == column{3});
  CHECK(visits(many, {0, 0, 0, 1, 1}) == column{3});
}

TEST_CASE("a gate opens levels between the rounds of a run", "[curriculum]")
{
  column const offsets = offsets_of({4, 4, 4});
  column order(12), batch(4);
  prefopt::rank_at_random(1, order);
  prefopt::level_gate gate{.open_at = 0.5, .close_below = 0.1, .patience = 1, .levels = 3};
  prefopt::sampler_state state{};
  std::vector<column> rounds;
  numbers const margins{0.7, 0.3, 0.9, 0.0, 0.9};
  for (std::size_t round = 0; round < margins.size(); ++round) {
    prefopt::up_to_level const schedule{.level = gate.level, .rounds = 5};
    curriculum_sampler sampler(schedule, order, offsets, {.batch = 4, .seed = 7});
    if (round > 0) { sampler.restore(state); }
    column seen;
    while (!sampler.done() && sampler.state().phase == static_cast<index_t>(round)) {
      auto const drawn = sampler.next(batch);
      seen.insert(seen.end(), batch.begin(), batch.begin() + drawn.count);
    }
    state = sampler.state();
    rounds.push_back(seen);
    gate.update(margins[round]);
  }
  for (std::size_t round = 0; round < rounds.size(); ++round) {
    std::size_t const open[] = {4, 8, 8, 12, 8};
    CAPTURE(round);
    CHECK(rounds[round].size() == open[round]);
    column expected(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(open[round]));
    column seen = rounds[round];
    std::sort(expected.begin(), expected.end());
    std::sort(seen.begin(), seen.end());
    CHECK(seen == expected);
  }
  CHECK(rounds[1] != rounds[2]);  // a round that comes again comes in another order

  CHECK(prefopt::up_to_level{.level = 99}.part(0, 0, {offsets}) == prefopt::whole(0, 12));
  CHECK(prefopt::up_to_level{.level = -1}.part(0, 0, {offsets}) == prefopt::whole(0, 4));
  column const gap{0, 0, 5};
  CHECK(prefopt::up_to_level{.level = 0}.part(0, 0, {gap}) == prefopt::whole(0, 5));
  CHECK(prefopt::up_to_level{.level = 0, .draws = 7}.part(0, 0, {offsets}) == open_part{0, 4, 7});
  CHECK(prefopt::up_to_share{.share = 0.3}.part(0, 0, {offsets}) == prefopt::whole(0, 4));
  CHECK(prefopt::up_to_share{.share = 0, .draws = 3}.part(0, 0, {offsets}) == open_part{0, 1, 3});
  CHECK_THROWS_AS(prefopt::up_to_share{.share = std::nan("")}.part(0, 0, {offsets}),
                  std::invalid_argument);
  CHECK(error_of<std::invalid_argument>([&] {
          curriculum_sampler(prefopt::up_to_level{.rounds = -1}, order, offsets);
        }) == "prefopt::schedule_fingerprint: phases: expected 0 or more, got -1");
}

TEST_CASE("groups run their own curricula side by side", "[curriculum]")
{
  // Group 0 has levels of 4, 3, 3 samples, group 1 of 2, 2, 1, group 2 none.
  column const begins{0, 10, 15, 15};
  column offsets(10);
  prefopt::levels_within_groups(begins, 3, offsets);
  prefopt::per_group<prefopt::one_pass> const schedule{.inner = {.epochs = 2}, .groups = 3};
  level_view const levels{offsets};
  CHECK(schedule.phases(levels) == 3);
  CHECK(schedule.epochs_of(0, levels) == 2);
  CHECK(schedule.part(0, 0, levels) == prefopt::whole(0, 4));
  CHECK(schedule.part(0, 1, levels) == prefopt::whole(10, 12));
  CHECK(schedule.part(2, 0, levels) == prefopt::whole(7, 10));
  CHECK(schedule.part(2, 1, levels) == prefopt::whole(14, 15));
  CHECK(visits(schedule, offsets) == column(15, 2));

  prefopt::per_group<prefopt::paced<>> const paced{
      .inner = {.pacing = {.start = 0.5}, .steps = 2, .epochs = 2}, .groups = 3};
  CHECK(paced.part(0, 0, levels) == open_part{0, 5, 10});
  CHECK(paced.part(0, 1, levels) == open_part{10, 13, 5});  // half of five is three, halves up
  CHECK(paced.part(1, 1, levels) == open_part{10, 15, 5});

  // Two parts in each group, and a group within a group.
  prefopt::per_group<prefopt::look_back> const mixed{.inner = {.share = 0.5}, .groups = 3};
  CHECK(mixed.parts(0, levels) == 6);
  CHECK(mixed.part(0, 3, levels) == open_part{10, 15, 1});
  prefopt::per_group<prefopt::per_group<>> const nested{.inner = {.inner = {}, .groups = 3},
                                                        .groups = 3};
  CHECK(nested.phases(levels) == 1);
  CHECK(visits(nested, offsets) == column(15, 1));
}

TEST_CASE("groups may be mixed in other proportions than they have", "[curriculum]")
{
  column const begins{0, 90, 100};
  column offsets(5);
  prefopt::levels_within_groups(begins, 2, offsets);
  using even = prefopt::per_group<prefopt::one_pass, prefopt::temperature_weights<>>;
  even schedule{.inner = {}, .groups = 2, .mixture = {.alpha = {.from = 0, .to = 0}}};
  CHECK(draws_in(schedule, 0, offsets) == column{25, 25});
  CHECK(draws_in(schedule, 1, offsets) == column{25, 25});
  schedule.mixture.alpha = {.from = 1, .to = 1};  // by size: as drawn
  CHECK(draws_in(schedule, 0, offsets) == column{45, 5});
  CHECK(visits(schedule, offsets) == column(100, 1));
  // From one group to both, and the parts of a group keep their proportions.
  prefopt::per_group<prefopt::look_back, prefopt::annealed_weights<>> const annealed{
      .inner = {.share = 0.25},
      .groups = 2,
      .mixture = {.inverse_temperature = {.from = 1e6, .to = 0}}};
  column const first = draws_in(annealed, 0, offsets);
  index_t const naturally = 45 + 11 + 5 + 1;
  CHECK(total(first) == naturally);
  CHECK(first[2] + first[3] == 0);
  CHECK(std::abs(first[0] - naturally * 45 / 56) <= 1);
  CHECK(total(draws_in(annealed, 1, offsets)) == naturally);
  CHECK(draws_in(annealed, 1, offsets)[2] > 0);
}

TEST_CASE("a group that draws nothing in a phase takes no share of it", "[curriculum]")
{
  // The second group has one sample, hence nothing in its second level; the third has none at all.
  column const begins{0, 10, 11, 11};
  column offsets(7);
  prefopt::levels_within_groups(begins, 2, offsets);
  prefopt::per_group<prefopt::one_pass, prefopt::temperature_weights<>> const even{
      .inner = {}, .groups = 3, .mixture = {.alpha = {.from = 0, .to = 0}}};
  CHECK(draws_in(even, 0, offsets) == column{3, 3, 0});
  CHECK(draws_in(even, 1, offsets) == column{5, 0, 0});
}

TEST_CASE("a group without epochs in a phase draws nothing in it", "[curriculum]")
{
  column const begins{0, 8, 28, 32};
  column offsets(4);
  prefopt::levels_within_groups(begins, 1, offsets);
  prefopt::per_group<only_large_rankings> const some{.inner = {}, .groups = 3};
  CHECK(draws_in(some, 0, offsets) == column{0, 20, 0});
  prefopt::per_group<only_large_rankings, prefopt::temperature_weights<>> const mixed{.inner = {},
                                                                                      .groups = 3};
  CHECK(draws_in(mixed, 0, offsets) == column{0, 20, 0});
  CHECK(visits(some, offsets)[7] == 0);
  CHECK(visits(some, offsets)[8] == 2);
}

TEST_CASE("a schedule behind a reference is the schedule", "[curriculum]")
{
  using prefopt::schedule_ref;
  column const offsets = offsets_of({4, 5, 6});
  prefopt::look_back const back{.share = 0.5};
  prefopt::one_pass const once{.epochs = 3};
  schedule_ref chosen = schedule_ref::to(back);  // what is chosen as the program runs has one type
  CHECK(prefopt::schedule_fingerprint(chosen, {offsets}) ==
        prefopt::schedule_fingerprint(back, {offsets}));
  CHECK(visits(chosen, offsets) == visits(back, offsets));
  CHECK(chosen == schedule_ref::to(back));
  chosen = schedule_ref::to(once);
  CHECK(chosen != schedule_ref::to(back));
  CHECK(visits(chosen, offsets) == column(15, 3));
  prefopt::per_group<schedule_ref> const groups{.inner = chosen, .groups = 3};
  CHECK(visits(groups, offsets) == column(15, 3));
  CHECK(schedule_ref{}.phases({offsets}) == 0);
}

TEST_CASE("levels that are no groups of levels are refused", "[curriculum]")
{
  column const order{0, 1, 2, 3}, offsets{0, 1, 2, 4};
  auto const message = [&](index_t groups) {
    return error_of<std::invalid_argument>(
        [&] { curriculum_sampler(prefopt::per_group<>{.groups = groups}, order, offsets); });
  };
  CHECK(message(2) ==
        "prefopt::per_group: levels: expected a multiple of the groups, of which are 2, got 3");
  CHECK(mentions(message(0), {"per_group", "got 3"}));
  CHECK(message(3) == "no error");
}
