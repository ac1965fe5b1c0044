// SPDX-License-Identifier: MIT
/// \file  Mixtures of levels by their weights.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/mixture/annealed_weights.hpp>
#include <prefopt/curriculum/mixture/temperature_weights.hpp>
#include <prefopt/curriculum/pacing/power_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/level_mixture.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/per_group.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/schedule_draws.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

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

TEST_CASE("a mixture refuses parameters that make no weights, by their names", "[curriculum]")
{
  column const order{0, 1, 2}, offsets{0, 1, 3};
  auto const message = [&](auto const& weights) {
    using mixture = std::remove_cvref_t<decltype(weights)>;
    auto const in_levels = error_of<std::invalid_argument>(
        [&] { curriculum_sampler(level_mixture<mixture>{.weights = weights}, order, offsets); });
    auto const in_groups = error_of<std::invalid_argument>([&] {
      curriculum_sampler(per_group<one_pass, mixture>{.groups = 2, .mixture = weights}, order,
                         offsets);
    });
    auto const from = in_levels.find("parameter"), its = in_groups.find("parameter");
    CHECK(in_levels.substr(std::min(from, in_levels.size())) ==
          in_groups.substr(std::min(its, in_groups.size())));
    return in_levels;
  };
  std::string const name = "prefopt::level_mixture: parameter ";
  constexpr double infinite = std::numeric_limits<double>::infinity();
  CHECK(message(temperature_weights<>{.alpha = {.from = infinite, .to = 1}}) ==
        name + "'alpha.from': expected a finite number, got inf");
  CHECK(mentions(message(temperature_weights<>{.alpha = {.from = 1, .to = std::nan("")}}),
                 {name, "'alpha.to'", "nan"}));
  CHECK(message(annealed_weights<>{.inverse_temperature = {.from = -infinite, .to = 0}}) ==
        name + "'inverse_temperature.from': expected a finite number, got -inf");
  CHECK(message(annealed_weights<>{.inverse_temperature = {.from = 1, .to = infinite}}) ==
        name + "'inverse_temperature.to': expected a finite number, got inf");
  CHECK(message(temperature_weights<>{.alpha = {.pacing = {.start = 2}}}) ==
        name + "'start': expected a number in [0, 1], got 2");
  CHECK(message(annealed_weights<power_pacing>{.inverse_temperature = {.pacing = {.power = 0}}}) ==
        name + "'power': expected a finite number above 0, got 0");
  CHECK(message(temperature_weights<>{}) == "no error");
  CHECK(message(annealed_weights<>{}) == "no error");
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
