// SPDX-License-Identifier: MIT
#include "curriculum_lab/pictures/pictures.hpp"

namespace curriculum_lab {
namespace {

/// The mean place in the ranking of what is drawn in each column of the grid.
std::string mean_rank(plot const& on, observed_run const& run)
{
  polyline mean;
  for (index_t column = 0; column < run.columns; ++column) {
    double sum = 0;
    for (index_t row = 0; row < run.rows; ++row) {
      double const middle = static_cast<double>(run.first_rank(row) + run.first_rank(row + 1)) / 2;
      sum += middle *
             static_cast<double>(run.cells[static_cast<std::size_t>(row * run.columns + column)]);
    }
    auto const drawn = static_cast<double>(run.column_draws[static_cast<std::size_t>(column)]);
    if (drawn == 0) { continue; }
    double const step =
        static_cast<double>(run.first_step(column) + run.first_step(column + 1)) / 2;
    mean.to(on.px(step), on.py(sum / drawn / static_cast<double>(run.samples)));
  }
  return mean.data();
}

}  // namespace

std::string pacing_picture(run_plan const& plan, observed_run const& run)
{
  heading const above = heading_of(plan, run);
  double const top = above.height();
  canvas to(720, top + 270, plan.name + ": the open share of the ranking over the steps");
  draw_heading(to, above);
  plot const on{68, top, 632, 200, step_axis(run), {"share of the ranking", 0, 1, false, true}};
  draw_grid(to, on);

  auto const n = static_cast<double>(run.samples);
  std::string area, outline;
  for (auto const& phase : run.phases) {
    double const x = on.px(static_cast<double>(phase.first_step));
    for (open_ranks const ranks : phase.open) {
      if (!ranks.any()) { continue; }
      double const high = on.py(static_cast<double>(ranks.last) / n);
      double const low = on.py(static_cast<double>(ranks.first) / n);
      area += "M" + pixels(x) + " " + pixels(high) + "H" +
              pixels(on.px(static_cast<double>(phase.last_step))) + "V" + pixels(low) + "H" +
              pixels(x) + "z";
    }
  }
  for (std::size_t group = 0; group < run.phases.front().open.size(); ++group) {
    outline += outline_of_open(on, run, group, n);
  }
  to.path(area, "o");
  if (shows_levels(plan)) {
    for (index_t k = 1; k < plan.view().count(); ++k) {
      double const y = on.py(static_cast<double>(plan.view().first(k)) / n);
      to.line(on.left, y, on.right(), y, "d");
    }
  }
  to.path(mean_rank(on, run), "m");
  to.path(outline, "a");
  draw_axes(to, on);
  legend lines(to, 68, top + 256);
  lines.area("o", "open, from the easiest to the hardest");
  lines.line("m", "mean rank of what is drawn");
  if (shows_levels(plan)) { lines.line("d", "level boundary"); }
  return to.svg();
}

}  // namespace curriculum_lab
