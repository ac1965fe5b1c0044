// SPDX-License-Identifier: MIT
/// \file  What happens between stages: gates, hooks, and loss parameters that move.

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#include <prefopt/curriculum/level_gate.hpp>
#include <prefopt/curriculum/pacing/step_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/scheduled.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/stages.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/ranking/rank.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using prefopt::index_t;
using prefopt::level_gate;
using prefopt::reference_reset;
using prefopt::stage_actions;
using prefopt::stage_hooks;
using column = std::vector<index_t>;
using numbers = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The level after each measurement.
column levels_after(level_gate gate, numbers const& margins)
{
  column levels;
  for (double const margin : margins) {
    gate.update(margin);
    levels.push_back(gate.level);
  }
  return levels;
}

/// A copy through bytes, as a checkpoint makes it.
template <class State>
State stored(State const& state)
{
  unsigned char bytes[sizeof(State)];
  std::memcpy(bytes, &state, sizeof bytes);
  State loaded;
  std::memcpy(&loaded, bytes, sizeof bytes);
  return loaded;
}

prefopt::drawn_batch batch_of(index_t phase)
{
  return {.phase = phase, .epoch = 0, .position = 0, .size = 4, .count = 4};
}

/// Whether the reference is reset before each of the batches.
std::vector<int> resets(stage_hooks hooks, column const& phases, numbers const& kl)
{
  std::vector<int> due;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    due.push_back(hooks.before(batch_of(phases[i]), kl.empty() ? 0 : kl[i]).reset_reference);
  }
  return due;
}

}  // namespace

TEST_CASE("a gate opens a level after patient success", "[curriculum]")
{
  level_gate const gate{.open_at = 0.5, .patience = 2, .levels = 3};
  CHECK(levels_after(gate, {0.6, 0.4, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6}) ==
        column{0, 0, 0, 1, 1, 2, 2, 2});
  CHECK(levels_after(gate, {0.5, 0.5}) == column{0, 1});  // at the threshold counts
  CHECK(levels_after(gate, {infinity, infinity, -infinity, -infinity}) == column{0, 1, 1, 1});
}

TEST_CASE("a gate closes a level after patient failure only", "[curriculum]")
{
  level_gate const gate{.open_at = 0.5, .close_below = 0.2, .patience = 2, .levels = 3, .level = 2};
  CHECK(levels_after(gate, {0.1, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1}) == column{2, 2, 2, 1, 1, 0, 0});
  CHECK(levels_after(gate, {0.2, 0.2, 0.2}) == column{2, 2, 2});
}

TEST_CASE("a gate never flaps", "[curriculum]")
{
  // Noise between the thresholds moves nothing, whatever came before.
  level_gate gate{.open_at = 0.5, .close_below = 0.3, .patience = 1, .levels = 5, .level = 2};
  for (int k = 0; k < 1000; ++k) {
    CHECK(!gate.update(0.3 + 0.1999 * std::fabs(std::sin(static_cast<double>(k)))));
  }
  // Even noise across both changes at most one level per `patience` measurements.
  for (index_t const patience : {1, 2, 5}) {
    level_gate wild{
        .open_at = 0.5, .close_below = 0.3, .patience = patience, .levels = 9, .level = 4};
    index_t last = -patience;
    for (index_t k = 0; k < 5000; ++k) {
      index_t const before = wild.level;
      if (wild.update(0.5 + std::sin(0.37 * static_cast<double>(k * k % 101)))) {
        CHECK(std::abs(wild.level - before) == 1);
        CHECK(k - last >= patience);
        last = k;
      }
      REQUIRE(wild.level >= 0);
      REQUIRE(wild.level < 9);
    }
  }
}

TEST_CASE("a gate goes on from its bytes", "[curriculum]")
{
  level_gate gate{.open_at = 0.5, .close_below = 0.2, .patience = 3, .levels = 4};
  level_gate other = gate;
  index_t changes = 0;
  for (int k = 0; k < 60; ++k) {
    double const margin = 0.5 + 0.5 * std::sin(0.2 * k);
    changes += gate.update(margin);
    other = stored(other);
    other.update(margin);
    REQUIRE(other == gate);
  }
  CHECK(changes > 3);
}

TEST_CASE("a gate refuses what it cannot answer", "[curriculum]")
{
  auto const message = [](level_gate gate, double margin) {
    return error_of<std::invalid_argument>([&] { gate.update(margin); });
  };
  CHECK(message({}, std::nan("")) == "prefopt::level_gate: margin: expected a number, got NaN");
  CHECK(mentions(message({.open_at = 0.5, .close_below = 0.5}, 1), {"close_below", "open_at"}));
  CHECK(mentions(message({.patience = 0}, 1), {"patience", "got 0"}));
  CHECK(mentions(message({.levels = 0}, 1), {"levels", "got 0"}));
  CHECK(levels_after({.patience = 1, .levels = 1}, {9, 9}) == column{0, 0});
}

TEST_CASE("competence grows with the running margin and never falls", "[curriculum]")
{
  prefopt::margin_competence c{.start = 0.2, .low = 0, .high = 2, .rate = 0.5};
  CHECK(c.update(-1) == 0.2);
  CHECK(c.update(3) == Approx(0.6));  // average 1
  CHECK(stored(c) == c);
  CHECK(c.update(-5) == Approx(0.6));
  CHECK(c.update(100) == 1);
  CHECK(c.update(-100) == 1);
  auto const message = [](prefopt::margin_competence of, double margin) {
    return error_of<std::invalid_argument>([&] { of.update(margin); });
  };
  CHECK(mentions(message({}, infinity), {"margin", "finite"}));
  CHECK(mentions(message({.low = 1, .high = 1}, 0), {"low", "below high"}));
  CHECK(mentions(message({.low = -infinity}, 0), {"low", "finite", "-inf"}));
  CHECK(mentions(message({.high = infinity}, 0), {"low", "high = inf"}));
  CHECK(mentions(message({.rate = 0}, 0), {"rate", "(0, 1]"}));
  CHECK(mentions(message({.start = 2}, 0), {"start", "[0, 1]"}));
}

TEST_CASE("hooks act at stage boundaries, not at the start", "[curriculum]")
{
  stage_hooks hooks{.plan = {.rescore = true,
                             .reference = reference_reset::every_stage,
                             .restart_optimizer = true,
                             .restart_learning_rate = true}};
  stage_actions const all{true, true, true, true};
  CHECK(hooks.before(batch_of(0)) == stage_actions{});
  CHECK(hooks.before(batch_of(0)) == stage_actions{});
  CHECK(hooks.before(batch_of(1)) == all);
  CHECK(!hooks.before(batch_of(1)));
  CHECK(hooks.before(batch_of(3)) == all);  // over an empty level: once
  CHECK(!hooks.before({}));                 // the run is over
  CHECK(hooks.resets == 2);
  // MFPO as far as its paper says: nothing.
  stage_hooks none;
  for (index_t const phase : {0, 1, 2}) { CHECK(!none.before(batch_of(phase), 1e9)); }
}

TEST_CASE("a stage may be several phases", "[curriculum]")
{
  CHECK(resets({.plan = {.phases = 10, .reference = reference_reset::every_stage}},
               {0, 4, 9, 10, 15, 19, 20, 21}, {}) == std::vector<int>{0, 0, 0, 1, 0, 0, 1, 0});
}

TEST_CASE("the reference is reset when the KL exceeds its budget", "[curriculum]")
{
  stage_hooks const hooks{.plan = {.reference = reference_reset::over_budget, .kl_budget = 2}};
  CHECK(resets(hooks, {0, 0, 0, 1, 1}, {0, 2, 2.1, 0.1, infinity}) ==
        std::vector<int>{0, 0, 1, 0, 1});
  // A lagging estimate does not reset again during the cooldown.
  stage_hooks patient = hooks;
  patient.plan.cooldown = 3;
  CHECK(resets(patient, column(8, 0), {9, 9, 9, 9, 9, 9, 1, 9}) ==
        std::vector<int>{1, 0, 0, 1, 0, 0, 0, 1});
}

TEST_CASE("a run of stages goes on from its bytes and does nothing twice", "[curriculum]")
{
  column order(23), indices(5);
  column const offsets{0, 8, 8, 15, 23};
  prefopt::rank_at_random(3, order);
  prefopt::curriculum_sampler sampler(prefopt::one_pass{.epochs = 2}, order, offsets,
                                      {.batch = 5, .seed = 3});
  stage_hooks hooks{.plan = {.rescore = true,
                             .reference = reference_reset::over_budget,
                             .kl_budget = 0.5,
                             .cooldown = 2,
                             .restart_optimizer = true}};
  stage_hooks resumed = hooks;
  int boundaries = 0;
  double kl = 0;
  while (auto const batch = sampler.next(indices)) {
    resumed = stored(resumed);
    stage_actions const due = hooks.before(batch, kl);
    CHECK(resumed.before(batch, kl) == due);
    CHECK(resumed == hooks);
    CHECK(due.rescore == due.restart_optimizer);
    CHECK(due.rescore == (batch.begins_phase() && batch.phase > 0));
    boundaries += due.rescore;
    kl = due.reset_reference ? 0.1 : kl + 0.2;
  }
  CHECK(boundaries == 2);  // three levels hold samples
  CHECK(hooks.resets > 0);
}

TEST_CASE("hooks refuse plans and numbers without a meaning", "[curriculum]")
{
  auto const message = [](stage_hooks hooks, double kl) {
    return error_of<std::invalid_argument>([&] { hooks.before(batch_of(0), kl); });
  };
  stage_hooks const over{.plan = {.reference = reference_reset::over_budget}};
  CHECK(message(over, std::nan("")) == "prefopt::stage_hooks: kl: expected a number, got NaN");
  CHECK(message({}, std::nan("")) == "no error");  // not read
  stage_hooks wrong = over;
  wrong.plan.kl_budget = 0;
  CHECK(mentions(message(wrong, 0), {"kl_budget", "above 0"}));
  wrong.plan = {.phases = 0};
  CHECK(mentions(message(wrong, 0), {"phases", "got 0"}));
  wrong.plan = {.cooldown = -1};
  CHECK(mentions(message(wrong, 0), {"cooldown", "got -1"}));
}

TEST_CASE("loss parameters move from one loss to another", "[curriculum]")
{
  using loss = prefopt::mfpo<float, 2>;
  loss const first{.beta = 0.1f, .eta = 0, .text_weight = 1, .modality_weight = {1, 0.5f}};
  loss const last{.beta = 0.5f, .eta = 1, .text_weight = 7, .modality_weight = {3, 0.5f}};
  auto const plan =
      prefopt::scheduled<&loss::beta, &loss::eta, &loss::modality_weight>(first, last);
  CHECK(plan(0).beta == 0.1f);
  CHECK(plan(0.5).beta == Approx(0.3f));
  CHECK(plan(0.5).eta == 0.5f);
  CHECK(plan(0.5).modality_weight[0] == 2);
  CHECK(plan(0.5).modality_weight[1] == 0.5f);
  CHECK(plan(0.5).text_weight == 1);  // not named: that of the first
  CHECK(plan(1).beta == 0.5f);
  CHECK(plan(1).modality_weight[0] == 3);

  using pair = prefopt::dpo<double>;
  auto const at_once = prefopt::scheduled<&pair::beta>(pair{.beta = 0.1}, pair{.beta = 0.4},
                                                       prefopt::step_pacing{0, 0.5});
  CHECK(at_once(0.4).beta == 0.1);
  CHECK(at_once(0.6).beta == 0.4);
}

TEST_CASE("a table holds one loss per level", "[curriculum]")
{
  using loss = prefopt::dpo<float>;
  prefopt::per_level const table{loss{.beta = 0.1f}, loss{.beta = 0.2f}, loss{.beta = 0.3f}};
  CHECK(table[0].beta == 0.1f);
  CHECK(table[2].beta == 0.3f);
  CHECK(table[9].beta == 0.3f);
  CHECK(prefopt::per_level{0.5, 0.25}[1] == 0.25);
  CHECK_THROWS_WITH(table[-1], "prefopt::per_level: phase: expected 0 or more, got -1");
}
