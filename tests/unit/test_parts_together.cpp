// SPDX-License-Identifier: MIT
/// \file  A pass over the parts of a phase looks at each level a few times.

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
#include <prefopt/curriculum/schedules/per_group.hpp>
#include <prefopt/curriculum/schedules/unimax.hpp>
#include <prefopt/ranking/levels.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/schedule_draws.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

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

}  // namespace

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
