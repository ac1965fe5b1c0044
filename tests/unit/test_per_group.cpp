// SPDX-License-Identifier: MIT
/// \file  Curricula within groups of samples, side by side.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/mixture/annealed_weights.hpp>
#include <prefopt/curriculum/mixture/temperature_weights.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/level_mixture.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>
#include <prefopt/curriculum/schedules/per_group.hpp>
#include <prefopt/ranking/groups.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/schedule_draws.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

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

}  // namespace

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
