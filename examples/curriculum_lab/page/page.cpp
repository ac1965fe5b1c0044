// SPDX-License-Identifier: MIT
#include "curriculum_lab/page/page.hpp"

#include <algorithm>
#include <string_view>

#include "curriculum_lab/chart/canvas.hpp"
#include "curriculum_lab/chart/number.hpp"
#include "curriculum_lab/pictures/pictures.hpp"

namespace curriculum_lab {
namespace {

constexpr std::string_view style = R"(<style>
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2rem auto;padding:0 1rem;background:#fff;color:#1f2328}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .8rem;border-bottom:1px solid #d1d9e0;text-align:right}
th:first-child,td:first-child{text-align:left}
figure{margin:1.5rem 0}figcaption{font-weight:600}svg{max-width:100%;height:auto}
@media (prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th,td{border-color:#30363d}}
</style>
)";

std::string row(std::vector<std::string> const& cells, char const* tag = "td")
{
  std::string text = "<tr>";
  for (auto const& cell : cells) {
    text += "<" + std::string(tag) + ">" + escaped(cell) + "</" + tag + ">";
  }
  return text + "</tr>\n";
}

std::string level_row(run_plan const& plan, observed_run const& run, index_t level)
{
  auto const levels = plan.view();
  index_t const first = levels.first(level), last = levels.last(level), size = last - first;
  if (size == 0) { return row({"L" + std::to_string(level), "0", "", "", "", ""}); }
  double expected = 0, drawn = 0;
  for (index_t r = first; r < last; ++r) {
    expected += run.expected[static_cast<std::size_t>(r)];
    drawn += static_cast<double>(run.seen[static_cast<std::size_t>(r)]);
  }
  return row({"L" + std::to_string(level), std::to_string(size), short_number(plan.score_at(first)),
              short_number(plan.score_at(last - 1)),
              fixed_number(expected / static_cast<double>(size), 3),
              fixed_number(drawn / static_cast<double>(size), 3)});
}

std::string level_table(run_plan const& plan, observed_run const& run)
{
  constexpr index_t most = 200;
  index_t const levels = plan.view().count();
  std::string table =
      "<h2>Levels</h2>\n<table>\n" + row({"level", "samples", "first score", "last score",
                                          "times by the schedule", "times as drawn"},
                                         "th");
  for (index_t k = 0; k < std::min(levels, most); ++k) { table += level_row(plan, run, k); }
  table += "</table>\n";
  if (levels > most) { table += "<p>and " + std::to_string(levels - most) + " more.</p>\n"; }
  return table;
}

}  // namespace

std::string page_of(run_plan const& plan, observed_run const& run,
                    std::vector<captioned_picture> const& pictures)
{
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      escaped(plan.name) + "</title>\n" + std::string(style) + "</head>\n<body>\n<h1>" +
      escaped(plan.name) + "</h1>\n<table>\n";
  page += row({"parameters", parameters_in_words(plan)});
  page += row({"samples", std::to_string(run.samples) + ", " + plan.scores.origin});
  page += row({"ranking", plan.ranking});
  page += row({"levels", plan.cut});
  page += row(
      {"steps", std::to_string(run.steps) + " batches of at most " + std::to_string(plan.batch)});
  page += row({"phases that draw", std::to_string(run.phases.size())});
  page += row({"samples drawn", std::to_string(run.draws)});
  page += row({"seed", std::to_string(plan.seed)});
  page += "</table>\n";
  for (auto const& picture : pictures) {
    page += "<figure>\n<figcaption>" + escaped(picture.caption) + "</figcaption>\n" + picture.svg +
            "</figure>\n";
  }
  return page + level_table(plan, run) + "</body>\n</html>\n";
}

}  // namespace curriculum_lab
