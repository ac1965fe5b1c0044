// SPDX-License-Identifier: MIT
/// \file  The laws of schedules with other parameters and parts than their defaults.

#include <prefopt/curriculum/mixture/annealed_weights.hpp>
#include <prefopt/curriculum/mixture/temperature_weights.hpp>
#include <prefopt/curriculum/pacing/exponential_pacing.hpp>
#include <prefopt/curriculum/pacing/fixed_discrete_difficulty.hpp>
#include <prefopt/curriculum/pacing/root_pacing.hpp>
#include <prefopt/curriculum/schedules/difficulty_paced.hpp>
#include <prefopt/curriculum/schedules/level_mixture.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>
#include <prefopt/curriculum/schedules/per_group.hpp>
#include <prefopt/curriculum/schedules/unimax.hpp>
#include <prefopt/curriculum/schedules/up_to_level.hpp>

#include "laws/curriculum_laws.hpp"

using namespace prefopt;

SCHEDULE_LAWS(root, "a root pace", paced<root_pacing>{.pacing = {.power = 3}, .steps = 7})
SCHEDULE_LAWS(late, "a late pace", paced<exponential_pacing>{.pacing = {.start = 0}, .epochs = 3})
SCHEDULE_LAWS(table, "a table of difficulties",
              difficulty_paced<fixed_discrete_difficulty<2>>{
                  .difficulty = {{0.5, 3}, {0.5}}, .first = 0, .width = 1, .steps = 5})
SCHEDULE_LAWS(moving, "a mixture that moves",
              level_mixture<temperature_weights<>>{
                  .weights = {.alpha = {.from = 0, .to = 1}}, .steps = 11, .epochs = 3})
SCHEDULE_LAWS(warming, "a mixture that warms up",
              level_mixture<annealed_weights<>>{
                  .weights = {.inverse_temperature = {.from = 50, .to = 0}}, .steps = 13})
SCHEDULE_LAWS(capped, "a mixture at its cap", unimax{.max_epochs = 2, .epochs = 5})
SCHEDULE_LAWS(often, "a look back that outweighs its level", look_back{.epochs = 2, .share = 2.5})
SCHEDULE_LAWS(rounds, "rounds of more draws than samples",
              up_to_level{.level = 1, .rounds = 3, .draws = 50})
SCHEDULE_LAWS(nested, "a curriculum within a curriculum",
              per_group<per_group<look_back>, temperature_weights<>>{
                  .inner = {.inner = {.epochs = 2}}, .mixture = {.alpha = {.from = 0, .to = 1}}})
SCHEDULE_LAWS(mixed, "a mixture in a group",
              per_group<level_mixture<>>{.inner = {.steps = 4, .epochs = 2}})
