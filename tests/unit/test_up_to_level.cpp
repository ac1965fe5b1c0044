// SPDX-License-Identifier: MIT
/// \file  Schedules that follow the training: a gate opens levels between the rounds.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/level_gate.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/up_to_level.hpp>
#include <prefopt/curriculum/schedules/up_to_share.hpp>
#include <prefopt/ranking/rank.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/schedule_draws.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

}  // namespace

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
  column const gap{0, 0, 5};
  CHECK(prefopt::up_to_level{.level = 0}.part(0, 0, {gap}) == prefopt::whole(0, 5));
  CHECK(prefopt::up_to_level{.level = 0, .draws = 7}.part(0, 0, {offsets}) == open_part{0, 4, 7});
  CHECK(prefopt::up_to_share{.share = 0.3}.part(0, 0, {offsets}) == prefopt::whole(0, 4));
  CHECK(prefopt::up_to_share{.share = 0, .draws = 3}.part(0, 0, {offsets}) == open_part{0, 1, 3});
  CHECK(error_of<std::invalid_argument>([&] {
          curriculum_sampler(prefopt::up_to_level{.rounds = -1}, order, offsets);
        }) == "prefopt::schedule_fingerprint: phases: expected 0 or more, got -1");
}

TEST_CASE("a level or a share out of its domain is refused, not clamped", "[curriculum]")
{
  column const order{0, 1, 2, 3}, offsets{0, 2, 4};
  auto const both = [&](auto const& schedule) {
    auto const when_run =
        error_of<std::invalid_argument>([&] { curriculum_sampler(schedule, order, offsets); });
    CHECK(error_of<std::invalid_argument>([&] { (void)schedule.part(0, 0, {offsets}); }) ==
          when_run);
    return when_run;
  };
  using level = prefopt::up_to_level;
  using share = prefopt::up_to_share;
  std::string const in_level = "prefopt::up_to_level: parameter ",
                    in_share = "prefopt::up_to_share: parameter ",
                    not_negative = "expected a finite number of 0 or more, got ";
  CHECK(both(level{.level = -3}) == in_level + "'level': " + not_negative + "-3");
  CHECK(both(level{.draws = -1}) == in_level + "'draws': " + not_negative + "-1");
  CHECK(both(level{.level = 0}) == "no error");
  CHECK(both(share{.share = 7}) == in_share + "'share': expected a number in [0, 1], got 7");
  CHECK(both(share{.share = -0.01}) ==
        in_share + "'share': expected a number in [0, 1], got -0.01");
  CHECK(mentions(both(share{.share = std::nan("")}), {in_share, "'share'", "nan"}));
  CHECK(both(share{.draws = -1}) == in_share + "'draws': " + not_negative + "-1");
  CHECK(both(share{.share = 0}) == "no error");
  CHECK(both(share{.share = 1}) == "no error");
  // Nothing of a run changes when the schedule that was to go on is refused.
  curriculum_sampler running(share{.share = 0.5, .rounds = 2}, order, offsets);
  auto const before = running.state();
  CHECK_THROWS_AS(running.reschedule(share{.share = 7, .rounds = 2}), std::invalid_argument);
  CHECK(running.state() == before);
}
