// SPDX-License-Identifier: MIT
/// \file  What is due between stages.

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/stages.hpp>
#include <prefopt/ranking/rank.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using namespace prefopt;

using column = std::vector<index_t>;
using numbers = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

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
