// SPDX-License-Identifier: MIT
#include <algorithm>

#include "curriculum_lab/pictures/pictures.hpp"

namespace curriculum_lab {

std::string repeats_picture(run_plan const& plan, observed_run const& run)
{
  heading const above = heading_of(plan, run);
  double const top = above.height();
  canvas to(720, top + 270, plan.name + ": how often each sample is seen");
  draw_heading(to, above);
  auto const spans = seen_spans(run, 240);
  double most = 1;
  for (auto const& span : spans) { most = std::max({most, span.most, span.expected}); }
  plot const on{
      68, top, 632, 200, rank_axis(plan, run), {"times seen in the run", 0, 1.08 * most, false}};
  draw_grid(to, on);

  polyline expected;
  std::string drawn;
  for (auto const& span : spans) {
    double const left = on.px(span.first_rank), right = on.px(span.last_rank);
    drawn += "M" + pixels(left) + " " + pixels(on.py(span.most) - 1) + "H" + pixels(right) + "V" +
             pixels(on.py(span.least)) + "H" + pixels(left) + "z";
    expected.to(left, on.py(span.expected));
    expected.to(right, on.py(span.expected));
  }
  to.path(drawn, "w");
  if (shows_levels(plan)) {
    for (index_t k = 1; k < plan.view().count(); ++k) {
      double const x = on.px(static_cast<double>(plan.view().first(k)));
      to.line(x, on.top, x, on.bottom(), "d");
    }
  }
  to.path(expected.data(), "a");
  draw_axes(to, on);
  legend lines(to, 68, top + 256);
  lines.line("a", "by the schedule");
  lines.area("w", "as drawn, least to most");
  if (shows_levels(plan)) { lines.line("d", "level boundary"); }
  return to.svg();
}

}  // namespace curriculum_lab
