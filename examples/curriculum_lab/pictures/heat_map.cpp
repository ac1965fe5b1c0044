// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "curriculum_lab/pictures/pictures.hpp"

namespace curriculum_lab {
namespace {

constexpr int looks = 9;
constexpr char const* meaning[looks] = {"\u2264\u00bc\u00d7",
                                        "\u00bd\u00d7",
                                        "1\u00d7",
                                        "1\u00bd\u00d7",
                                        "2\u00d7",
                                        "3\u00d7",
                                        "4\u00d7",
                                        "6\u00d7",
                                        "\u22658\u00d7"};

/// 1 to 9 for a draw so often as `meaning` says; between two of them the geometric mean divides. 0
/// for nothing.
int look_of(double relative)
{
  constexpr double above[looks] = {0,          0.35355339, 0.70710678, 1.22474487, 1.73205081,
                                   2.44948974, 3.46410162, 4.89897949, 6.92820323};
  int look = 0;
  for (double const bound : above) { look += relative > bound ? 1 : 0; }
  return look;
}

/// Runs of equal cells in every row, as one path for each look.
std::array<std::string, looks + 1> paths_of(observed_run const& run)
{
  std::array<std::string, looks + 1> paths;
  for (index_t row = 0; row < run.rows; ++row) {
    for (index_t begin = 0, end = 0; begin < run.columns; begin = end) {
      int const look = look_of(run.relative(row, begin));
      for (end = begin + 1; end < run.columns && look_of(run.relative(row, end)) == look;) {
        ++end;
      }
      paths[static_cast<std::size_t>(look)] +=
          "M" + std::to_string(begin) + " " + std::to_string(run.rows - 1 - row) + "h" +
          std::to_string(end - begin) + "v1h-" + std::to_string(end - begin) + "z";
    }
  }
  return paths;
}

void draw_open(canvas& to, plot const& on, observed_run const& run)
{
  std::string lines;
  for (std::size_t group = 0; group < run.phases.front().open.size(); ++group) {
    lines += outline_of_open(on, run, group, 1);
  }
  to.path(lines, "a");
}

void draw_levels(canvas& to, plot const& heat, plot const& times, run_plan const& plan)
{
  if (!shows_levels(plan)) { return; }
  auto const levels = plan.view();
  for (index_t k = 0; k < levels.count(); ++k) {
    double const low = heat.py(static_cast<double>(levels.first(k)));
    double const high = heat.py(static_cast<double>(levels.last(k)));
    if (k > 0) { to.line(heat.left, low, times.right(), low, "d"); }
    if (low - high >= 13) {
      to.text((heat.right() + times.left) / 2, (low + high) / 2 + 4, "L" + std::to_string(k), "n",
              anchor::middle);
    }
  }
}

void draw_times(canvas& to, plot const& on, std::vector<seen_span> const& spans)
{
  polyline expected;
  std::string drawn;
  for (auto const& span : spans) {
    double const low = on.py(span.first_rank), high = on.py(span.last_rank);
    drawn += "M" + pixels(on.px(span.least)) + " " + pixels(high) + "H" +
             pixels(on.px(span.most) + 1) + "V" + pixels(low) + "H" + pixels(on.px(span.least)) +
             "z";
    expected.to(on.px(span.expected), low);
    expected.to(on.px(span.expected), high);
  }
  to.path(drawn, "w");
  to.path(expected.data(), "a");
}

}  // namespace

std::string heat_map_picture(run_plan const& plan, observed_run const& run)
{
  heading const above = heading_of(plan, run);
  double const top = above.height();
  canvas to(720, top + 282, plan.name + ": samples drawn, by difficulty over the steps");
  draw_heading(to, above);
  plot const heat{68, top, 456, 200, step_axis(run), rank_axis(plan, run)};
  auto const spans = seen_spans(run, 60);
  double most = 1;
  for (auto const& span : spans) { most = std::max({most, span.most, span.expected}); }
  plot const times{556, top, 144, 200, {"times seen in the run", 0, 1.08 * most, false}, heat.y};

  auto const paths = paths_of(run);
  for (int look = 1; look <= looks; ++look) {
    to.grid_path(paths[static_cast<std::size_t>(look)], "h" + std::to_string(look), heat.left,
                 heat.top, heat.width / static_cast<double>(run.columns),
                 heat.height / static_cast<double>(run.rows));
  }
  draw_grid(to, times);
  draw_times(to, times, spans);
  draw_levels(to, heat, times, plan);
  draw_open(to, heat, run);
  draw_axes(to, heat);
  draw_axes(to, times, false);

  legend often(to, 68, top + 254);
  often.words("relative to a uniform draw:");
  for (int look = 1; look <= looks; ++look) {
    often.area("h" + std::to_string(look), meaning[look - 1], 14);
  }
  legend lines(to, 68, top + 272);
  lines.line("a", "open ranks; right: times by the schedule");
  lines.area("w", "times as drawn, least to most");
  if (shows_levels(plan)) { lines.line("d", "level boundary"); }
  return to.svg();
}

}  // namespace curriculum_lab
