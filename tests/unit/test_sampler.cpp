// SPDX-License-Identifier: MIT
/// \file  The sampler: its batches over ranks, what it draws of nothing, and what it refuses.

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/pacing/linear_pacing.hpp>
#include <prefopt/curriculum/pacing/root_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/all_at_once.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/difficulty_paced.hpp>
#include <prefopt/curriculum/schedules/level_mixture.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/sampler_cases.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

}  // namespace

TEST_CASE("a batch never crosses an epoch and the last one is kept", "[curriculum]")
{
  ranking const r(10, 2);
  run const all = run_of(prefopt::one_pass{.epochs = 1}, r, {.batch = 4});
  REQUIRE(all.size() == 4);
  CHECK(all[0].samples.size() == 4);
  CHECK(all[1].samples.size() == 1);
  CHECK(all[0].batch.begins_phase());
  CHECK(!all[1].batch.begins_phase());
  CHECK(all[2].batch.begins_phase());
  CHECK(all[2].batch.phase == 1);
  CHECK(!prefopt::drawn_batch{}.begins_phase());  // what comes after the last one
  CHECK(curriculum_sampler(prefopt::one_pass{}, r.order, r.offsets, {.batch = 4}).batches() == 4);
}

TEST_CASE("the sequence depends on the seed alone", "[curriculum]")
{
  ranking const r(40, 3);
  prefopt::one_pass const schedule{.epochs = 2};
  CHECK(run_of(schedule, r, {.batch = 4, .seed = 9}) ==
        run_of(schedule, r, {.batch = 4, .seed = 9}));
  CHECK(run_of(schedule, r, {.batch = 4, .seed = 9}) !=
        run_of(schedule, r, {.batch = 4, .seed = 8}));
}

TEMPLATE_TEST_CASE("any number of ranks draws the same batches", "[curriculum]", prefopt::one_pass,
                   prefopt::baby_steps, prefopt::all_at_once, prefopt::look_back,
                   prefopt::paced<prefopt::root_pacing>)
{
  ranking const r(37, 3);
  curriculum_sampler const sampler(TestType{.epochs = 2}, r.order, r.offsets,
                                   {.batch = 8, .seed = 3});
  run const alone = rest_of(sampler);
  CHECK(static_cast<index_t>(alone.size()) == sampler.batches());
  for (index_t const ranks : {2, 3, 7, 64}) { CHECK(rest_of(sampler, ranks) == alone); }
}

TEST_CASE("empty levels, empty rankings and no epochs draw nothing", "[curriculum]")
{
  ranking const few(2, 4), none(0, 3), some(9, 3);
  run const all = run_of(prefopt::one_pass{}, few, {.batch = 4});
  REQUIRE(all.size() == 2);
  CHECK(all[0].batch.phase == 0);
  CHECK(all[1].batch.phase == 1);
  column const gap{0, 0, 2};
  curriculum_sampler skips(prefopt::one_pass{}, few.order, gap, {.batch = 4});
  column indices(4);
  CHECK(skips.next(indices).phase == 1);
  CHECK(skips.done());
  CHECK(run_of(prefopt::one_pass{}, none, {}).empty());
  CHECK(run_of(prefopt::all_at_once{}, none, {}).empty());
  CHECK(run_of(prefopt::one_pass{.epochs = 0}, some, {}).empty());
  CHECK_THROWS_WITH(run_of(prefopt::paced<prefopt::linear_pacing>{.steps = 0}, some, {}),
                    "prefopt::paced: steps: expected 1 or more, got 0");
}

TEST_CASE("phases share the draws of a run exactly, up to the most there may be", "[curriculum]")
{
  index_t const most = detail::most_steps, total = index_t{1} << 62;
  CHECK(detail::share_of(total, most, most) == total);
  // 2^62 = most (2^31 + 1) + 1: one phase has one draw more than the others, here the last.
  CHECK(detail::share_of(total, most - 1, most) == total - (index_t{1} << 31) - 2);
  CHECK(detail::share_of(total - 1, most, most) == total - 1);
  ranking const some(9, 3);
  curriculum_sampler const sampler(prefopt::paced<prefopt::linear_pacing>{.steps = 1000},
                                   some.order, some.offsets, {.batch = 1});
  CHECK(sampler.batches() == 9);
  CHECK_THROWS_WITH(run_of(prefopt::paced<prefopt::linear_pacing>{.steps = most + 1}, some, {}),
                    "prefopt::paced: steps: expected at most 2147483647, got 2147483648");
}

TEST_CASE("an order with missing or repeated samples is refused", "[curriculum]")
{
  column const offsets{0, 4};
  auto const start = [&](column const& order) {
    return error_of<std::invalid_argument>(
        [&] { curriculum_sampler(prefopt::one_pass{}, order, offsets); });
  };
  CHECK(start({0, 1, 1, 3}) ==
        "prefopt::ranking_fingerprint: order: expected every sample once, got missing and repeated "
        "samples");
  CHECK(start({0, 1, 4, 3}) ==
        "prefopt::ranking_fingerprint: order[2]: expected an index below 4, got 4");
  CHECK(start({0, 1, 2}).find("last offset: expected 3 (samples ranked), got 4") !=
        std::string::npos);
}

TEST_CASE("more draws than can be counted are refused", "[curriculum]")
{
  ranking const r(12, 3);
  constexpr index_t most = std::numeric_limits<index_t>::max();
  auto const message = [&](auto const& schedule) {
    return error_of<std::invalid_argument>(
        [&] { curriculum_sampler(schedule, r.order, r.offsets); });
  };
  CHECK(message(prefopt::one_pass{.epochs = most}) ==
        "prefopt::draws_of: draws up to phase 0: expected at most 2^62, got 0 + "
        "9223372036854775807 x 4");
  constexpr index_t half = index_t{1} << 59;  // in each of two phases; the third is too much
  CHECK(message(prefopt::one_pass{.epochs = half}) ==
        "prefopt::draws_of: draws up to phase 2: expected at most 2^62, got 4611686018427387904 + "
        "576460752303423488 x 4");
  CHECK(message(prefopt::one_pass{.epochs = half / 2}) == "no error");
  CHECK(message(prefopt::paced<>{.epochs = most}) ==
        "prefopt::paced: epochs: expected at most 384307168202282325, 2^62 draws, got "
        "9223372036854775807");
  CHECK(mentions(message(prefopt::difficulty_paced<>{.epochs = most}),
                 {"difficulty_paced: epochs: expected at most"}));
  CHECK(mentions(message(prefopt::level_mixture<>{.epochs = most}),
                 {"level_mixture: epochs: expected at most"}));
}

TEST_CASE("wrong sampler arguments are named", "[curriculum]")
{
  ranking const r(12, 3);
  CHECK(error_of<std::invalid_argument>([&] {
          curriculum_sampler(prefopt::one_pass{}, r.order, r.offsets, {.batch = 0});
        }) == "prefopt::curriculum_sampler: batch: expected 1 or more, got 0");
  CHECK(error_of<std::invalid_argument>([&] {
          curriculum_sampler(prefopt::one_pass{.epochs = -1}, r.order, r.offsets);
        }) == "prefopt::draws_of: epochs of phase 0: expected 0 or more, got -1");
  CHECK(error_of<std::invalid_argument>(
            [&] { curriculum_sampler(prefopt::look_back{.share = -0.5}, r.order, r.offsets); }) ==
        "prefopt::look_back: parameter 'share': expected a finite number of 0 or more, got -0.5");
  curriculum_sampler sampler(prefopt::one_pass{}, r.order, r.offsets, {.batch = 4});
  column small(1), right(2);
  CHECK(error_of<std::invalid_argument>([&] { sampler.next(small, {0, 2}); }) ==
        "prefopt::curriculum_sampler: column 'indices': expected at least 2, got 1");
  CHECK(error_of<std::invalid_argument>([&] { sampler.next(right, {2, 2}); }) ==
        "prefopt::curriculum_sampler: shard: expected 0 <= rank < ranks, got 2 of 2");
  CHECK(sampler.next(right, {1, 2}).count == 2);
}
