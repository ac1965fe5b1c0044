// SPDX-License-Identifier: MIT
/// \file  What a run sees by the schedules that open one part at a time, and by one of one's own.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/pacing/linear_pacing.hpp>
#include <prefopt/curriculum/pacing/root_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/all_at_once.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/sampler_cases.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

/// A user's own: hardest level first; a `shift` makes it leave the ranking.
struct hard_first {
  index_t shift = 0;

  index_t phases(prefopt::level_view levels) const { return levels.count(); }
  index_t epochs_of(index_t, prefopt::level_view) const { return 1; }
  prefopt::open_part part(index_t phase, index_t, prefopt::level_view levels) const
  {
    index_t const level = levels.count() - 1 - phase;
    return prefopt::whole(levels.first(level) + shift, levels.last(level) + shift);
  }
  friend bool operator==(hard_first const&, hard_first const&) = default;
};
static_assert(prefopt::check_schedule<hard_first>());

}  // namespace

TEST_CASE("one pass goes through each level in its phase, epochs times", "[curriculum]")
{
  ranking const r(20, 3);
  run const all = run_of(prefopt::one_pass{.epochs = 2}, r, {.batch = 4, .seed = 1});
  index_t place = 0;  // phases and epochs come in order
  for (drawn const& d : all) {
    REQUIRE(d.batch.phase * 2 + d.batch.epoch >= place);
    place = d.batch.phase * 2 + d.batch.epoch;
  }
  CHECK(place == 5);
  for (index_t level = 0; level < 3; ++level) {
    column const expected = r.ranks(r.levels().first(level), r.levels().last(level));
    CHECK(sorted(samples_of(all, level, 0)) == expected);
    CHECK(sorted(samples_of(all, level, 1)) == expected);
    CHECK(samples_of(all, level, 0) != samples_of(all, level, 1));
  }
}

TEST_CASE("baby steps add a level in every phase", "[curriculum]")
{
  ranking const r(20, 3);
  run const all = run_of(prefopt::baby_steps{.epochs = 2}, r, {.batch = 4, .seed = 1});
  for (index_t phase = 0; phase < 3; ++phase) {
    for (index_t epoch = 0; epoch < 2; ++epoch) {
      CHECK(sorted(samples_of(all, phase, epoch)) == r.ranks(0, r.levels().last(phase)));
    }
  }
  CHECK(all.back().batch.phase == 2);
}

TEST_CASE("all at once is one phase of everything", "[curriculum]")
{
  ranking const r(20, 3);
  run const all = run_of(prefopt::all_at_once{.epochs = 3}, r, {.batch = 6, .seed = 1});
  for (index_t epoch = 0; epoch < 3; ++epoch) {
    CHECK(sorted(samples_of(all, 0, epoch)) == r.ranks(0, 20));
  }
  CHECK(all.size() == 12);
  CHECK(all.back().batch.phase == 0);
}

TEST_CASE("looking back draws the level and a share of everything", "[curriculum]")
{
  ranking const r(24, 3);
  run const all = run_of(prefopt::look_back{.epochs = 1, .share = 0.5}, r, {.batch = 5});
  for (index_t phase = 0; phase < 3; ++phase) {
    column const samples = sorted(samples_of(all, phase, 0));
    REQUIRE(samples.size() == 12);
    column twice;  // what remains without one pass of the level are 4 different samples
    column const level = r.ranks(8 * phase, 8 * phase + 8);
    std::set_difference(samples.begin(), samples.end(), level.begin(), level.end(),
                        std::back_inserter(twice));
    CHECK(twice.size() == 4);
    CHECK(std::adjacent_find(twice.begin(), twice.end()) == twice.end());
  }
}

TEST_CASE("a paced run opens the share that its pacing says and draws whole epochs", "[curriculum]")
{
  ranking const r(30, 1);
  prefopt::paced<prefopt::linear_pacing> const schedule{
      .pacing = {.start = 0.1, .full_at = 0.5}, .steps = 11, .epochs = 2};
  prefopt::level_view const levels = r.levels();
  CHECK(schedule.part(0, 0, levels).last == 3);
  CHECK(schedule.part(1, 0, levels).last == 8);   // c = .28, 8.4 samples
  CHECK(schedule.part(3, 0, levels).last == 19);  // c = .64, 19.2 samples
  CHECK(schedule.part(5, 0, levels).last == 30);
  CHECK(schedule.part(10, 0, levels).last == 30);
  index_t draws = 0;
  for (index_t k = 0; k < 11; ++k) { draws += schedule.part(k, 0, levels).draws; }
  CHECK(draws == 60);
  // The first phase draws 5 of 3 open samples: each once before any comes twice.
  run const all = run_of(schedule, r, {.batch = 64});
  REQUIRE(all.front().samples.size() == 5);
  column const first_three(all.front().samples.begin(), all.front().samples.begin() + 3);
  CHECK(sorted(first_three) == r.ranks(0, 3));
}

TEST_CASE("a pace of as many steps as batches gives every phase one batch", "[curriculum]")
{
  for (index_t const n : {1, 31, 32, 33, 1003}) {
    constexpr index_t batch = 32, epochs = 3;
    index_t const steps = (epochs * n + batch - 1) / batch;
    ranking const r(n, 1);
    CAPTURE(n, steps);
    run const all = run_of(prefopt::paced<>{.steps = steps, .epochs = epochs}, r, {.batch = batch});
    REQUIRE(static_cast<index_t>(all.size()) == steps);
    for (index_t k = 0; k < steps; ++k) {
      CHECK(all[static_cast<std::size_t>(k)].batch.phase == k);
      CHECK(all[static_cast<std::size_t>(k)].batch.begins_phase());
    }
  }
}

TEST_CASE("a schedule of one's own is a struct of three functions", "[curriculum]")
{
  ranking const r(20, 3);
  CHECK(hard_first{} == hard_first{0});
  run const all = run_of(hard_first{}, r, {.batch = 4});
  for (index_t phase = 0; phase < 3; ++phase) {
    CHECK(sorted(samples_of(all, phase, 0)) ==
          r.ranks(r.levels().first(2 - phase), r.levels().last(2 - phase)));
  }
  // Only the last phase leaves the ranking; the sampler says so before the first.
  CHECK(
      error_of<std::invalid_argument>(
          [&] { curriculum_sampler(hard_first{-1}, r.order, r.offsets); }) ==
      "prefopt::checked_part: phase 2: expected draws from ranks within 0 to 20, got 7 draws from "
      "-1 to 6");
}
