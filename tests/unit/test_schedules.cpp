// SPDX-License-Identifier: MIT
/// \file  Schedules of one part, and a schedule behind a reference. What all schedules have in
/// common is in tests/laws.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/level_gate.hpp>
#include <prefopt/curriculum/mixture/annealed_weights.hpp>
#include <prefopt/curriculum/mixture/temperature_weights.hpp>
#include <prefopt/curriculum/pacing/exponential_pacing.hpp>
#include <prefopt/curriculum/pacing/fixed_discrete_difficulty.hpp>
#include <prefopt/curriculum/pacing/fixed_root_difficulty.hpp>
#include <prefopt/curriculum/pacing/logarithmic_pacing.hpp>
#include <prefopt/curriculum/pacing/power_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedule_ref.hpp>
#include <prefopt/curriculum/schedules/anti_curriculum.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/difficulty_paced.hpp>
#include <prefopt/curriculum/schedules/level_mixture.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>
#include <prefopt/curriculum/schedules/per_group.hpp>
#include <prefopt/curriculum/schedules/unimax.hpp>
#include <prefopt/curriculum/schedules/up_to_level.hpp>
#include <prefopt/curriculum/schedules/up_to_share.hpp>
#include <prefopt/ranking/groups.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/value_levels.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/schedule_draws.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

struct unchecked_pacing {
  double share = 1;

  double operator()(double) const { return share; }
  friend bool operator==(unchecked_pacing const&, unchecked_pacing const&) = default;
};

}  // namespace

TEST_CASE("the anti-curriculum is one pass backwards", "[curriculum]")
{
  column const offsets = offsets_of({2, 3, 4});
  CHECK(prefopt::anti_curriculum{}.part(0, 0, {offsets}) == prefopt::whole(5, 9));
  CHECK(prefopt::anti_curriculum{}.part(2, 0, {offsets}) == prefopt::whole(0, 2));
  CHECK(visits(prefopt::anti_curriculum{.epochs = 3}, offsets) == column(9, 3));
}

TEST_CASE("baby steps over levels at shares are CurML's", "[curriculum]")
{
  // CurML's baby_step.py opens min(1, c0 + g (floor((e - 1) / I) + 1)) in epoch e = 1, 2, ...
  constexpr index_t samples = 200, interval = 3;
  constexpr double start = 0.1, growth = 0.2;
  numbers const shares{start + growth, start + 2 * growth, start + 3 * growth, start + 4 * growth};
  column offsets(6);
  prefopt::levels_at_fractions(samples, shares, offsets);
  prefopt::baby_steps const steps{.epochs = interval};
  level_view const levels{offsets};
  index_t epoch = 1;
  for (index_t phase = 0; phase < steps.phases(levels); ++phase) {
    for (index_t e = 0; e < steps.epochs_of(phase, levels); ++e, ++epoch) {
      double const way = std::floor(static_cast<double>(epoch - 1) / interval) + 1;
      double const open = std::fmin(1, start + growth * way) * samples;
      CHECK(steps.part(phase, 0, levels) == prefopt::whole(0, std::llround(open)));
    }
  }
  CHECK(epoch - 1 == 15);
}

TEST_CASE("every sample of a pass comes as often as its epochs, random order or not",
          "[curriculum]")
{
  column const offsets = offsets_of({3, 0, 4});
  CHECK(visits(prefopt::one_pass{.epochs = 2}, offsets) == column(7, 2));
  CHECK(visits(prefopt::baby_steps{.epochs = 1}, offsets) == column{3, 3, 3, 1, 1, 1, 1});
  column order(7), batch(7);
  prefopt::rank_at_random(5, order);
  curriculum_sampler sampler(prefopt::one_pass{}, order, offsets, {.batch = 7});
  column drawn;
  while (auto const next = sampler.next(batch)) {
    drawn.insert(drawn.end(), batch.begin(), batch.begin() + next.count);
  }
  std::sort(drawn.begin(), drawn.end());
  CHECK(drawn == column{0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("a pacing that leaves its range is refused", "[curriculum]")
{
  column const order{0, 1, 2, 3}, offsets{0, 4};
  auto const message = [&](auto const& pacing) {
    using schedule = prefopt::paced<std::remove_cvref_t<decltype(pacing)>>;
    return error_of<std::invalid_argument>(
        [&] { curriculum_sampler(schedule{.pacing = pacing, .steps = 3}, order, offsets); });
  };
  CHECK(message(prefopt::linear_pacing{.start = 2}) ==
        "prefopt::paced: parameter 'start': expected a number in [0, 1], got 2");
  CHECK(message(prefopt::exponential_pacing{.rate = -5}) ==
        "prefopt::paced: parameter 'rate': expected a finite number above 0, got -5");
  CHECK(message(prefopt::power_pacing{.power = 0}) ==
        "prefopt::paced: parameter 'power': expected a finite number above 0, got 0");
  CHECK(mentions(message(prefopt::linear_pacing{.start = std::nan("")}), {"'start'", "nan"}));
  CHECK(message(prefopt::linear_pacing{.start = 0}) == "no error");
  // One of the caller's own, whose parameters nobody knows.
  CHECK(message(unchecked_pacing{.share = 2}) ==
        "prefopt::paced: pacing at 0.000000: expected a share in [0, 1], got 2.000000");
  CHECK(mentions(message(unchecked_pacing{.share = std::nan("")}), {"pacing at", "nan"}));
}

TEST_CASE("a pacing is checked wherever a schedule holds it", "[curriculum]")
{
  column const order{0, 1, 2, 3}, offsets{0, 2, 4};
  auto const message = [&](auto const& schedule) {
    return error_of<std::invalid_argument>([&] { curriculum_sampler(schedule, order, offsets); });
  };
  using fast = prefopt::paced<prefopt::logarithmic_pacing>;
  fast const wrong{.pacing = {.rate = -5}};
  std::string const refused =
      "prefopt::paced: parameter 'rate': expected a finite number above 0, got -5";
  CHECK(message(wrong) == refused);
  CHECK(message(prefopt::schedule_ref::to(wrong)) == refused);
  CHECK(message(prefopt::per_group<fast>{.inner = wrong, .groups = 2}) == refused);
  curriculum_sampler running(fast{}, order, offsets);
  CHECK(error_of<std::invalid_argument>([&] { running.reschedule(wrong); }) == refused);
}

TEST_CASE("a look back refuses a share that is none", "[curriculum]")
{
  column const order{0, 1, 2, 3}, offsets{0, 2, 4};
  auto const message = [&](double share) {
    return error_of<std::invalid_argument>(
        [&] { curriculum_sampler(prefopt::look_back{.share = share}, order, offsets); });
  };
  std::string const refused =
      "prefopt::look_back: parameter 'share': expected a finite number of 0 or more, got ";
  CHECK(message(-0.01) == refused + "-0.01");  // rounds to no samples
  CHECK(message(std::numeric_limits<double>::infinity()) == refused + "inf");
  CHECK(mentions(message(std::nan("")), {refused}));
  CHECK(message(0) == "no error");
}

TEST_CASE("a run of one step is the last step, and opens everything", "[curriculum]")
{
  column const offsets = offsets_of({5, 0, 8});
  CHECK(prefopt::paced<>{.steps = 1, .epochs = 2}.part(0, 0, {offsets}) == open_part{0, 13, 26});
  CHECK(prefopt::difficulty_paced<>{.steps = 1}.part(0, 0, {offsets}).last == 13);
  prefopt::level_mixture<prefopt::annealed_weights<>> const annealed{.steps = 1};
  CHECK(draws_in(annealed, 0, offsets) == column{5, 0, 8});
  // One sample, and more steps than draws: some draw nothing, none draws from nothing.
  prefopt::paced<> const many{.pacing = {.start = 0}, .steps = 7, .epochs = 3};
  CHECK(visits(many, {0, 1}) == column{3});
  CHECK(visits(many, {0, 0, 0, 1, 1}) == column{3});
}

TEST_CASE("a schedule behind a reference is the schedule", "[curriculum]")
{
  using prefopt::schedule_ref;
  column const offsets = offsets_of({4, 5, 6});
  prefopt::look_back const back{.share = 0.5};
  prefopt::one_pass const once{.epochs = 3};
  schedule_ref chosen = schedule_ref::to(back);  // what is chosen as the program runs has one type
  CHECK(prefopt::schedule_fingerprint(chosen, {offsets}) ==
        prefopt::schedule_fingerprint(back, {offsets}));
  CHECK(visits(chosen, offsets) == visits(back, offsets));
  CHECK(chosen == schedule_ref::to(back));
  chosen = schedule_ref::to(once);
  CHECK(chosen != schedule_ref::to(back));
  CHECK(visits(chosen, offsets) == column(15, 3));
  prefopt::per_group<schedule_ref> const groups{.inner = chosen, .groups = 3};
  CHECK(visits(groups, offsets) == column(15, 3));
  CHECK(schedule_ref{}.phases({offsets}) == 0);
}
