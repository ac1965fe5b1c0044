// SPDX-License-Identifier: MIT
#include "curriculum_lab/run/observed_run.hpp"

#include <algorithm>
#include <string>

#include <prefopt/curriculum/sampler.hpp>

namespace curriculum_lab {
namespace {

std::size_t at(index_t i)
{
  return static_cast<std::size_t>(i);
}

/// What is open in a phase, and its share of the expected draws, as differences from rank to rank.
void add_phase(run_plan const& plan, index_t phase, observed_run& run, std::vector<double>& rise)
{
  auto const levels = plan.view();
  auto const epochs = plan.schedule.epochs_of(phase, levels);
  index_t const draws = prefopt::draws_of(plan.schedule, phase, levels);
  if (draws == 0) { return; }
  index_t const first = run.steps;
  run.steps += epochs * ((draws + plan.batch - 1) / plan.batch);
  run.draws += epochs * draws;
  // The groups follow one another in the ranking, with as many levels each.
  index_t const groups = std::max<index_t>(plan.groups, 1);
  auto const grouped = levels.joined(levels.count() / groups);
  observed_phase seen{phase, first, run.steps, std::vector(at(groups), open_ranks{run.samples, 0})};
  for (index_t j = 0; j < plan.schedule.parts(phase, levels); ++j) {
    auto const part = prefopt::checked_part(plan.schedule, phase, j, levels);
    if (part.draws == 0) { continue; }
    double const each = static_cast<double>(epochs * part.draws) / static_cast<double>(part.size());
    rise[at(part.first)] += each;
    rise[at(part.last)] -= each;
    index_t group = 0;
    while (grouped.last(group) < part.last) { ++group; }
    auto& open = seen.open[at(group)];
    open = {std::min(open.first, part.first), std::max(open.last, part.last)};
  }
  run.phases.push_back(seen);
}

std::vector<index_t> ranks_of(std::vector<index_t> const& order)
{
  std::vector<index_t> rank(order.size());
  for (std::size_t r = 0; r < order.size(); ++r) { rank[at(order[r])] = static_cast<index_t>(r); }
  return rank;
}

/// The span, of `spans` equal ones of `whole`, that an index lies in: the inverse of
/// whole * span / spans.
index_t span_of(index_t index, index_t spans, index_t whole)
{
  return ((index + 1) * spans - 1) / whole;
}

void draw(run_plan const& plan, observed_run& run)
{
  auto const rank = ranks_of(plan.order);
  prefopt::curriculum_sampler sampler(plan.schedule, plan.order, plan.levels,
                                      {.batch = plan.batch, .seed = plan.seed});
  std::vector<index_t> batch(at(plan.batch));
  for (index_t step = 0; auto const drawn = sampler.next(batch); ++step) {
    index_t const column = span_of(step, run.columns, run.steps);
    run.column_draws[at(column)] += drawn.count;
    for (index_t i = 0; i < drawn.count; ++i) {
      index_t const r = rank[at(batch[at(i)])];
      run.seen[at(r)] += 1;
      run.cells[at(span_of(r, run.rows, run.samples) * run.columns + column)] += 1;
    }
  }
}

}  // namespace

double observed_run::relative(index_t row, index_t column) const
{
  auto const drawn = static_cast<double>(cells[at(row * columns + column)]);
  auto const all = static_cast<double>(column_draws[at(column)]);
  auto const ranks = static_cast<double>(first_rank(row + 1) - first_rank(row));
  return all == 0 ? 0 : drawn / all * (static_cast<double>(samples) / ranks);
}

observed_run observe(run_plan const& plan, index_t columns, index_t rows)
{
  constexpr index_t most = 100'000'000;
  if (plan.batch < 1 || plan.batch > most) {
    fail("--batch", "1 to " + std::to_string(most), std::to_string(plan.batch));
  }
  observed_run run;
  run.samples = plan.samples();
  std::vector<double> rise(at(run.samples) + 1);
  index_t const phases = plan.schedule.phases(plan.view());
  for (index_t k = 0; k < phases; ++k) { add_phase(plan, k, run, rise); }
  if (run.steps == 0) { fail(plan.name, "a run that draws something", "no draws"); }

  double each = 0;
  for (index_t r = 0; r < run.samples; ++r) { run.expected.push_back(each += rise[at(r)]); }
  run.columns = std::min(columns, run.steps);
  run.rows = std::min(rows, run.samples);
  run.cells.resize(at(run.columns * run.rows));
  run.column_draws.resize(at(run.columns));
  run.seen.resize(at(run.samples));
  draw(plan, run);
  return run;
}

}  // namespace curriculum_lab
