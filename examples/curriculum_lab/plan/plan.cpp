// SPDX-License-Identifier: MIT
#include "curriculum_lab/plan/plan.hpp"

#include <algorithm>
#include <cmath>

#include <prefopt/ranking/groups.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/value_levels.hpp>

#include "curriculum_lab/chart/number.hpp"

namespace curriculum_lab {
namespace {

constexpr index_t most_levels = 1'000'000;

void rank(run_plan& plan, plan_options const& options)
{
  std::vector<double> score = plan.scores.score;
  plan.ranking = options.ranking;
  if (options.ranking == "hard_to_easy") {
    for (double& s : score) { s = -s; }
  } else if (options.ranking != "easy_to_hard" && options.ranking != "random") {
    fail("--ranking", "one of easy_to_hard, hard_to_easy, random", as_quote(options.ranking));
  }
  prefopt::rank_easy_to_hard(score, plan.order);  // for its checks too
  if (options.ranking == "random") { prefopt::rank_at_random(options.seed, plan.order); }
}

void cut_by_width(run_plan& plan, level_width const& by)
{
  double const highest = plan.score_at(plan.samples() - 1);
  double const levels = std::ceil((highest - by.first) / by.width) + 1;
  if (!(levels <= static_cast<double>(most_levels))) {
    fail("--level-width", "at most " + std::to_string(most_levels) + " levels",
         short_number(by.first) + "," + short_number(by.width) + " up to " + short_number(highest));
  }
  plan.levels.resize(static_cast<std::size_t>(std::max(levels, 1.0)) + 1);
  prefopt::levels_of_equal_width(plan.scores.score, plan.order, by.first, by.width, plan.levels);
  plan.cut = "levels of width " + short_number(by.width) + " from " + short_number(by.first);
}

void cut(run_plan& plan, plan_options const& options)
{
  int const ways =
      !options.fractions.empty() + !options.thresholds.empty() + !options.level_width.empty();
  if (ways > 1) {
    fail("command line", "one of --fractions, --thresholds and --level-width",
         std::to_string(ways));
  }
  if (plan.ranking != "easy_to_hard" && !(options.thresholds + options.level_width).empty()) {
    fail("--ranking", "easy_to_hard where levels are cut by value", as_quote(plan.ranking));
  }
  if (!options.fractions.empty()) {
    auto const at = parse_numbers(options.fractions, "--fractions");
    plan.levels.resize(at.size() + 2);
    prefopt::levels_at_fractions(plan.samples(), at, plan.levels);
    plan.cut = "levels at the shares " + options.fractions;
  } else if (!options.thresholds.empty()) {
    auto const at = parse_numbers(options.thresholds, "--thresholds");
    plan.levels.resize(at.size() + 2);
    prefopt::levels_at_thresholds(plan.scores.score, plan.order, at, plan.levels);
    plan.cut = "levels at the scores " + options.thresholds;
  } else if (!options.level_width.empty()) {
    auto const by = parse_numbers(options.level_width, "--level-width");
    if (by.size() != 2) { fail("--level-width", "first,width", as_quote(options.level_width)); }
    cut_by_width(plan, {by[0], by[1]});
  } else {
    plan.levels.resize(static_cast<std::size_t>(options.levels) + 1);
    prefopt::levels_of_equal_size(plan.samples(), plan.levels);
    plan.cut = std::to_string(options.levels) + " levels of equal size";
  }
}

void rank_and_cut_groups(run_plan& plan, plan_options const& options)
{
  if (plan.ranking != "easy_to_hard") {
    fail("--ranking", "easy_to_hard for per_group", as_quote(plan.ranking));
  }
  if (plan.scores.group.empty()) {
    fail("per_group", "the group of every sample (--group-column)", "none");
  }
  std::vector<index_t> offsets(static_cast<std::size_t>(plan.groups) + 1);
  prefopt::rank_within_groups(plan.scores.score, plan.scores.group, plan.order, offsets);
  plan.levels.resize(static_cast<std::size_t>(plan.groups * options.levels) + 1);
  prefopt::levels_within_groups(offsets, options.levels, plan.levels);
  plan.cut = std::to_string(options.levels) + " levels of equal size in each of " +
             std::to_string(plan.groups) + " groups";
}

}  // namespace

double run_plan::score_at(index_t rank) const
{
  return scores.score[static_cast<std::size_t>(order[static_cast<std::size_t>(rank)])];
}

run_plan make_plan(plan_options const& options)
{
  run_plan plan;
  plan.name = options.schedule;
  plan.batch = options.batch;
  plan.seed = options.seed;
  parameters given(options.parameters);
  auto const& entry = find(schedules(), options.schedule, "--schedule");
  auto const chosen = entry.make(plan.values, given);
  given.require_all_known(plan.name);
  plan.schedule = chosen.schedule;
  plan.parameters = given.known();
  plan.groups = chosen.groups;
  if (plan.groups < 0 || plan.groups > most_levels) {
    fail("--groups", "1 to " + std::to_string(most_levels), std::to_string(plan.groups));
  }
  if (options.levels < 1 || options.levels > most_levels) {
    fail("--levels", "1 to " + std::to_string(most_levels), std::to_string(options.levels));
  }
  score_recipe recipe = options.recipe;
  recipe.groups = plan.groups;
  plan.scores = options.file.path.empty() ? make_scores(recipe) : read_scores(options.file);
  plan.order.resize(plan.scores.score.size());
  rank(plan, options);
  if (plan.groups > 0) {
    rank_and_cut_groups(plan, options);
  } else if (chosen.width) {
    if (plan.ranking != "easy_to_hard") {
      fail("--ranking", "easy_to_hard for difficulty_paced", as_quote(plan.ranking));
    }
    cut_by_width(plan, *chosen.width);
  } else {
    cut(plan, options);
  }
  return plan;
}

}  // namespace curriculum_lab
