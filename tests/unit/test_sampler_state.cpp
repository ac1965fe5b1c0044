// SPDX-License-Identifier: MIT
/// \file  Runs that go on from a saved state, and states that are refused.

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/curriculum/pacing/linear_pacing.hpp>
#include <prefopt/curriculum/pacing/root_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/sampler_state.hpp>
#include <prefopt/curriculum/schedules/all_at_once.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>
#include <prefopt/curriculum/schedules/up_to_level.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/sampler_cases.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

}  // namespace

TEST_CASE("a run of 1,000 steps goes on from every one of them, onto other ranks", "[sampler]")
{
  auto const check = [](auto const& schedule, ranking const& r, sampler_options const& options) {
    curriculum_sampler sampler(schedule, r.order, r.offsets, options);
    REQUIRE(sampler.batches() == 1000);
    std::vector<column> batches;
    std::vector<sampler_state> states{sampler.state()};
    while (!sampler.done()) {
      batches.push_back(next_of(sampler, 1));
      states.push_back(sampler.state());
    }
    REQUIRE(batches.size() == 1000);
    // A resumed run that gives the next batch and then stands where the first did goes on as it.
    sampler_options other = options;
    other.seed = 999;  // the saved state has its own
    constexpr index_t ranks[] = {1, 2, 3, 7, 64};
    for (std::size_t k = 0; k < 1000; ++k) {
      for (std::size_t const choice : {k % 5, (k + 2) % 5}) {
        curriculum_sampler resumed(schedule, r.order, r.offsets, other);
        resumed.restore(states[k]);
        REQUIRE(next_of(resumed, ranks[choice]) == batches[k]);
        REQUIRE(resumed.state() == states[k + 1]);
      }
    }
  };
  ranking const r(999, 3);
  check(one_pass{.epochs = 2}, ranking(995, 5), {.batch = 2, .seed = 1});  // smaller last batches
  check(all_at_once{.epochs = 8}, r, {.batch = 8, .seed = 1});
  check(look_back{.epochs = 1, .share = 1.0}, ranking(1000, 5), {.batch = 2, .seed = 1});
  check(paced<linear_pacing>{.steps = 1000, .epochs = 3}, r, {.batch = 3, .seed = 1});
  grouped lengths(999, 10 * 8);
  check(all_at_once{.epochs = 8}, r, {.batch = 8, .seed = 1, .lengths = lengths.view()});
}

TEST_CASE("a state of another schedule is refused", "[sampler]")
{
  ranking const r(12, 3);
  curriculum_sampler once(one_pass{.epochs = 1}, r.order, r.offsets);
  curriculum_sampler twice(one_pass{.epochs = 2}, r.order, r.offsets);
  column indices(32);
  once.next(indices);
  sampler_state const before = twice.state();
  auto const refused = [&](auto& sampler, sampler_state const& saved) {
    sampler_state const state = sampler.state();
    std::string const text = error_of<std::invalid_argument>([&] { sampler.restore(saved); });
    CHECK(mentions(text, {"restore: fingerprint of the schedule", std::to_string(saved.plan),
                          std::to_string(state.plan)}));
    CHECK(sampler.state() == state);
  };
  refused(twice, once.state());
  sampler_state unknown = before;
  unknown.plan = 0;
  refused(twice, unknown);

  // One that the caller changes as the training goes is not held to what it was, but does not
  // become one that follows nothing, nor the other way round.
  curriculum_sampler easy(up_to_level{.level = 0, .rounds = 2}, r.order, r.offsets);
  curriculum_sampler harder(up_to_level{.level = 2, .rounds = 2}, r.order, r.offsets);
  easy.next(indices);
  harder.restore(easy.state());
  CHECK(harder.state() == easy.state());
  refused(twice, easy.state());
  refused(easy, before);

  // What a schedule does counts, not its type.
  CHECK(schedule_fingerprint(all_at_once{}, r.levels()) ==
        schedule_fingerprint(paced<linear_pacing>{.pacing = {.start = 1}, .steps = 1}, r.levels()));
  CHECK(schedule_fingerprint(look_back{.share = 0.5}, r.levels()) !=
        schedule_fingerprint(look_back{.share = 0.25}, r.levels()));
}

TEMPLATE_TEST_CASE("a run goes on from any batch, also with other ranks", "[curriculum]",
                   prefopt::one_pass, prefopt::baby_steps, prefopt::all_at_once, prefopt::look_back,
                   prefopt::paced<prefopt::root_pacing>)
{
  ranking const r(23, 3);
  curriculum_sampler sampler(TestType{.epochs = 2}, r.order, r.offsets, {.batch = 5, .seed = 3});
  run const all = rest_of(sampler);
  for (std::size_t step = 0; step <= all.size(); ++step) {
    unsigned char saved[sizeof(sampler_state)];
    std::memcpy(saved, &sampler.state(), sizeof saved);
    sampler_state loaded;
    std::memcpy(&loaded, saved, sizeof saved);
    curriculum_sampler resumed(TestType{.epochs = 2}, r.order, r.offsets, {.batch = 5});
    resumed.restore(loaded);
    REQUIRE(rest_of(resumed, static_cast<index_t>(step % 4) + 1) ==
            run(all.begin() + static_cast<std::ptrdiff_t>(step), all.end()));
    column indices(5);
    REQUIRE(sampler.done() == (step == all.size()));
    sampler.next(indices);
  }
}

TEST_CASE("a saved state of another ranking is refused", "[curriculum]")
{
  ranking const r(12, 3), other_levels(12, 4);
  curriculum_sampler const saved(prefopt::one_pass{}, r.order, r.offsets);
  curriculum_sampler same(prefopt::one_pass{}, r.order, r.offsets);
  CHECK_NOTHROW(same.restore(saved.state()));

  column swapped = r.order;
  std::swap(swapped[3], swapped[4]);
  curriculum_sampler changed(prefopt::one_pass{}, swapped, r.offsets);
  std::string const text = error_of<std::invalid_argument>([&] { changed.restore(saved.state()); });
  CHECK(text.find("expected " + std::to_string(saved.state().ranking)) != std::string::npos);
  CHECK(text.find("got " + std::to_string(changed.state().ranking)) != std::string::npos);

  curriculum_sampler cut(prefopt::one_pass{}, r.order, other_levels.offsets);
  CHECK(error_of<std::invalid_argument>([&] { cut.restore(saved.state()); }).find("fingerprint") !=
        std::string::npos);
}

TEST_CASE("a saved state outside the schedule is refused and changes nothing", "[curriculum]")
{
  ranking const r(12, 3);
  curriculum_sampler sampler(prefopt::one_pass{.epochs = 2}, r.order, r.offsets);
  sampler_state const start = sampler.state();
  auto const restore = [&](index_t phase, index_t epoch, index_t position) {
    sampler_state s = start;
    s.phase = phase, s.epoch = epoch, s.position = position;
    std::string const text = error_of<std::invalid_argument>([&] { sampler.restore(s); });
    CHECK(sampler.state() == start);
    return text;
  };
  std::string const name = "prefopt::curriculum_sampler::restore: ";
  CHECK(restore(4, 0, 0) == name + "phase: expected 0 or more and below 3, got 4");
  CHECK(restore(3, 0, 1) == name + "phase: expected 0 or more and below 3, got 3");
  CHECK(restore(1, 2, 0) == name + "epoch: expected 0 or more and below 2, got 2");
  CHECK(restore(1, 0, 4) == name + "position: expected 0 or more and below 4, got 4");
  CHECK(restore(1, 0, -1) == name + "position: expected 0 or more and below 4, got -1");
}
