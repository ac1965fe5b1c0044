// SPDX-License-Identifier: MIT
/// \file  The order of an epoch: how often each rank comes, where its parts lie, and any position
/// by itself.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/epoch_order.hpp>
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

/// Three samples of the easiest level among all the others.
struct three_and_rest {
  index_t phases(prefopt::level_view) const { return 1; }
  index_t epochs_of(index_t, prefopt::level_view) const { return 1; }
  index_t parts(index_t, prefopt::level_view) const { return 2; }
  prefopt::open_part part(index_t, index_t j, prefopt::level_view levels) const
  {
    if (j == 0) { return {0, levels.last(0), 3}; }
    return prefopt::whole(levels.last(0), levels.samples());
  }
  friend bool operator==(three_and_rest const&, three_and_rest const&) = default;
};

}  // namespace

TEMPLATE_TEST_CASE("every rank of a part comes as often as the schedule says, over any ranks",
                   "[sampler]", one_pass, baby_steps, all_at_once, look_back, paced<linear_pacing>,
                   paced<root_pacing>, many_parts)
{
  for (index_t const n : {7, 403}) {
    ranking const r(n, 3);
    TestType schedule{};
    if constexpr (std::is_same_v<TestType, look_back>) { schedule.share = 2.7; }
    column rank_of(at(n));
    for (index_t k = 0; k < n; ++k) { rank_of[at(r.order[at(k)])] = k; }
    for (index_t const ranks : {1, 2, 3, 7, 64}) {
      curriculum_sampler sampler(schedule, r.order, r.offsets, {.batch = 10, .seed = 5});
      for (index_t batches = 0; !sampler.done();) {
        sampler_state const start = sampler.state();
        column drawn(at(n));
        while (!sampler.done() && sampler.state().phase == start.phase &&
               sampler.state().epoch == start.epoch) {
          for (index_t const sample : next_of(sampler, ranks)) {
            drawn[at(rank_of[at(sample)])] += 1;
          }
          REQUIRE(++batches <= sampler.batches());
        }
        column least(at(n)), most(at(n));
        index_t total = 0;
        for (index_t j = 0; j < parts_of(schedule, start.phase, r.levels()); ++j) {
          open_part const part = schedule.part(start.phase, j, r.levels());
          for (index_t k = part.first; k < part.last; ++k) {
            least[at(k)] += part.draws / part.size();
            most[at(k)] += (part.draws + part.size() - 1) / part.size();
          }
          total += part.draws;
        }
        for (std::size_t k = 0; k < drawn.size(); ++k) {
          REQUIRE(least[k] <= drawn[k]);
          REQUIRE(drawn[k] <= most[k]);
        }
        REQUIRE(std::accumulate(drawn.begin(), drawn.end(), index_t{0}) == total);
      }
    }
  }
}

TEST_CASE("a position of an epoch gives its sample by itself", "[sampler]")
{
  ranking const r(1003, 3);
  auto const check = [&](auto const& schedule) {
    curriculum_sampler sampler(schedule, r.order, r.offsets, {.batch = 700, .seed = 9});
    while (!sampler.done()) {
      epoch_order const epoch = sampler.epoch();
      index_t const position = sampler.state().position;
      REQUIRE(epoch.draws > position);
      column const batch = next_of(sampler, 1);
      for (index_t i = 0; i < static_cast<index_t>(batch.size()); ++i) {
        REQUIRE(draw(epoch, vector_view<index_t const>(r.order), position + i) == batch[at(i)]);
      }
    }
    CHECK(sampler.epoch().draws == 0);
  };
  check(one_pass{.epochs = 2});
  check(look_back{.share = 4.3});
  check(paced<root_pacing>{.pacing = {.start = 0.002}, .steps = 9, .epochs = 2});
  check(many_parts{2});
  check(many_parts{epoch_order::max_parts});
}

TEST_CASE("a phase of more parts than an epoch's table draws them all, but not on a device",
          "[sampler]")
{
  CHECK(many_parts{} == many_parts{});
  index_t const parts = 3 * epoch_order::max_parts + 1;
  ranking const r(2000, 1);
  curriculum_sampler sampler(many_parts{parts}, r.order, r.offsets, {.batch = 4096});
  CHECK(error_of<std::invalid_argument>([&] { sampler.epoch(); }) ==
        "prefopt::curriculum_sampler::epoch: parts of the phase: expected at most 64, got 193");
  column rank_of(2000);
  for (index_t k = 0; k < 2000; ++k) { rank_of[at(r.order[at(k)])] = k; }
  column drawn(2000);
  while (sampler.state().epoch == 0) {
    for (index_t const sample : next_of(sampler, 1)) { drawn[at(rank_of[at(sample)])] += 1; }
  }
  for (index_t j = 0; j < parts; ++j) {
    open_part const part = many_parts{parts}.part(0, j, r.levels());
    CHECK(std::accumulate(drawn.begin() + part.first, drawn.begin() + part.last, index_t{0}) ==
          part.draws);
  }
}

TEST_CASE("every stretch of an epoch holds the share of every part", "[sampler]")
{
  for (index_t const parts : {2, 5, 64, 130, 1000}) {
    index_t const n = 20000;
    ranking const r(n, 1);
    many_parts const schedule{parts};
    column part_of(at(n)), share(at(parts));
    index_t draws = 0;
    for (index_t j = 0; j < parts; ++j) {
      open_part const part = schedule.part(0, j, r.levels());
      for (index_t k = part.first; k < part.last; ++k) { part_of[at(r.order[at(k)])] = j; }
      share[at(j)] = part.draws;
      draws += part.draws;
    }
    // One for each time that the parts are halved.
    double const bound = std::ceil(std::log2(parts));
    for (index_t const batch : {1, 7, 64, 500}) {
      curriculum_sampler sampler(schedule, r.order, r.offsets, {.batch = batch, .seed = 3});
      double most = 0;
      while (sampler.state().epoch == 0) {
        column count(at(parts));
        column const drawn = next_of(sampler, 1);
        for (index_t const sample : drawn) { ++count[at(part_of[at(sample)])]; }
        for (std::size_t j = 0; j < count.size(); ++j) {
          double const expected = static_cast<double>(drawn.size()) *
                                  static_cast<double>(share[j]) / static_cast<double>(draws);
          most = std::max(most, std::abs(static_cast<double>(count[j]) - expected));
        }
      }
      CAPTURE(parts, batch);
      CHECK(most < bound);
    }
  }
}

TEST_CASE("the parts of a phase are mixed, and none draws more than it says", "[curriculum]")
{
  ranking const r(30, 3);
  CHECK(three_and_rest{} == three_and_rest{});
  run const all = run_of(three_and_rest{}, r, {.batch = 23});
  REQUIRE(all.size() == 1);
  column const easy = r.ranks(0, 10), harder = r.ranks(10, 30);
  column const samples = all[0].samples, all_sorted = sorted(samples);
  column drawn_easy, drawn_harder;
  std::set_intersection(all_sorted.begin(), all_sorted.end(), easy.begin(), easy.end(),
                        std::back_inserter(drawn_easy));
  std::set_intersection(all_sorted.begin(), all_sorted.end(), harder.begin(), harder.end(),
                        std::back_inserter(drawn_harder));
  CHECK(drawn_easy.size() == 3);
  CHECK(drawn_harder == harder);
  CHECK(sorted(column(samples.begin(), samples.begin() + 3)) != drawn_easy);
}

TEST_CASE("a part that is run through again comes in another order", "[curriculum]")
{
  ranking const r(8, 1);
  prefopt::paced<prefopt::linear_pacing> const schedule{
      .pacing = {.start = 1}, .steps = 1, .epochs = 2};
  column const samples = run_of(schedule, r, {.batch = 16})[0].samples;
  REQUIRE(samples.size() == 16);
  column const first(samples.begin(), samples.begin() + 8),
      second(samples.begin() + 8, samples.end());
  CHECK(sorted(first) == sorted(second));
  CHECK(first != second);
}
