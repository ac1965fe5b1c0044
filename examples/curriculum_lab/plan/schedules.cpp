// SPDX-License-Identifier: MIT
#include "curriculum_lab/plan/schedules.hpp"

#include <prefopt/curriculum/schedules/all_at_once.hpp>
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

#include "curriculum_lab/plan/by_round.hpp"
#include "curriculum_lab/plan/pacings.hpp"

namespace curriculum_lab {
namespace {

/// Schedules whose only parameter is how often.
template <class Schedule>
chosen_schedule by_epochs(keeper& values, parameters& given)
{
  return {.schedule = erase(values, Schedule{.epochs = given.count("epochs", Schedule{}.epochs)})};
}

chosen_schedule look_back(keeper& values, parameters& given)
{
  prefopt::look_back s;
  s.epochs = given.count("epochs", s.epochs);
  s.share = given.number("share", s.share);
  return {.schedule = erase(values, s)};
}

/// The parameters of all schedules that move by steps.
template <class Schedule>
chosen_schedule by_steps(keeper& values, parameters& given, Schedule schedule)
{
  schedule.steps = given.count("steps", schedule.steps);
  schedule.epochs = given.count("epochs", schedule.epochs);
  return {.schedule = erase(values, schedule)};
}

chosen_schedule paced(keeper& values, parameters& given)
{
  return by_steps(values, given,
                  prefopt::paced<any_pacing>{.pacing = chosen_pacing(values, given)});
}

chosen_schedule difficulty_paced(keeper& values, parameters& given)
{
  prefopt::difficulty_paced<any_difficulty> s;
  s.difficulty = chosen_difficulty(values, given);
  s.first = given.number("first", s.first);
  s.width = given.number("width", s.width);
  auto made = by_steps(values, given, s);
  made.width = level_width{s.first, s.width};
  return made;
}

chosen_schedule level_mixture(keeper& values, parameters& given)
{
  auto const name = given.word("mixture", "temperature_weights");
  auto const weights = find(mixtures(), name, "--mixture").make(values, given);
  return by_steps(values, given, prefopt::level_mixture<any_mixture>{.weights = weights});
}

chosen_schedule unimax(keeper& values, parameters& given)
{
  prefopt::unimax s;
  s.max_epochs = given.count("max_epochs", s.max_epochs);
  s.epochs = given.count("epochs", s.epochs);
  return {.schedule = erase(values, s)};
}

chosen_schedule up_to_level(keeper& values, parameters& given)
{
  prefopt::up_to_level s;
  auto const opened = given.numbers("level", {static_cast<double>(s.level)});
  s.draws = given.count("draws", s.draws);
  return {.schedule = erase(values, by_round(values, s, opened, "--level", given))};
}

chosen_schedule up_to_share(keeper& values, parameters& given)
{
  prefopt::up_to_share s;
  auto const opened = given.numbers("share", {s.share});
  s.draws = given.count("draws", s.draws);
  return {.schedule = erase(values, by_round(values, s, opened, "--share", given))};
}

chosen_schedule per_group(keeper& values, parameters& given)
{
  auto const inner_name = given.word("inner", "one_pass");
  if (inner_name == "per_group") { fail("--inner", "another schedule", as_quote(inner_name)); }
  auto const inner = find(schedules(), inner_name, "--inner").make(values, given);
  if (inner.width) {
    fail("--inner", "a schedule over levels of equal size", as_quote(inner_name));
  }
  index_t const groups = given.count("groups", 2);
  auto const mixture = given.word("group_mixture", "as_drawn");
  if (mixture == "as_drawn") {
    return {.schedule = erase(values, prefopt::per_group<schedule_ref>{inner.schedule, groups, {}}),
            .width = std::nullopt,
            .groups = groups};
  }
  auto const weights = find(mixtures(), mixture, "--group-mixture").make(values, given);
  return {.schedule = erase(values, prefopt::per_group<schedule_ref, any_mixture>{inner.schedule,
                                                                                  groups, weights}),
          .width = std::nullopt,
          .groups = groups};
}

constexpr entry<schedule_maker> all[] = {
    {"one_pass", "disjoint levels, easy to hard (MFPO)", by_epochs<prefopt::one_pass>},
    {"baby_steps", "cumulative levels", by_epochs<prefopt::baby_steps>},
    {"all_at_once", "no curriculum", by_epochs<prefopt::all_at_once>},
    {"anti_curriculum", "disjoint levels, hard to easy", by_epochs<prefopt::anti_curriculum>},
    {"look_back", "disjoint levels mixed with everything", look_back},
    {"paced", "an easy share that grows", paced},
    {"difficulty_paced", "all samples up to a difficulty that grows", difficulty_paced},
    {"level_mixture", "all levels in moving proportions", level_mixture},
    {"unimax", "levels as evenly as a cap allows", unimax},
    {"per_group", "one curriculum in each group of samples", per_group},
    {"up_to_level", "as many levels as the caller opens", up_to_level},
    {"up_to_share", "as large a share as the caller opens", up_to_share},
};

}  // namespace

std::span<entry<schedule_maker> const> schedules()
{
  return all;
}

}  // namespace curriculum_lab
