// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "curriculum_lab/pictures/pictures.hpp"

namespace curriculum_lab {
namespace {

/// From the lowest to the highest finite score, with some room; infinite ones are left out.
axis score_axis(run_plan const& plan)
{
  double low = 0, high = 0;
  bool any = false;
  for (double const s : plan.scores.score) {
    if (!std::isfinite(s)) { continue; }
    low = any ? std::min(low, s) : s;
    high = any ? std::max(high, s) : s;
    any = true;
  }
  double const room = high > low ? 0.04 * (high - low) : std::max(1.0, std::fabs(low));
  return {"difficulty score", low - room, high + room};
}

}  // namespace

std::string levels_picture(run_plan const& plan, observed_run const& run)
{
  heading const above = heading_of(plan, run);
  double const top = above.height();
  canvas to(720, top + 270, plan.name + ": scores along the ranking, and its levels");
  draw_heading(to, above);
  plot const on{68, top, 632, 200, rank_axis(plan, run), score_axis(plan)};
  draw_grid(to, on);

  polyline scores;
  index_t const points = std::min<index_t>(run.samples, 316);
  for (index_t k = 0; k < points; ++k) {
    index_t const rank = points == 1 ? 0 : (run.samples - 1) * k / (points - 1);
    double const score = plan.score_at(rank);
    if (!std::isfinite(score)) { continue; }
    scores.to(on.px(static_cast<double>(rank) + 0.5), on.py(score));
  }
  to.path(scores.data(), "c1");
  if (shows_levels(plan)) {
    for (index_t k = 0; k < plan.view().count(); ++k) {
      double const left = on.px(static_cast<double>(plan.view().first(k)));
      double const right = on.px(static_cast<double>(plan.view().last(k)));
      if (k > 0) { to.line(left, on.top, left, on.bottom(), "d"); }
      if (right - left >= 20) {
        to.text((left + right) / 2, on.top + 14, "L" + std::to_string(k), "n", anchor::middle);
      }
    }
  }
  draw_axes(to, on);
  legend lines(to, 68, top + 256);
  lines.line("c1", "score of the sample at this rank");
  if (shows_levels(plan)) { lines.line("d", "level boundary"); }
  return to.svg();
}

}  // namespace curriculum_lab
