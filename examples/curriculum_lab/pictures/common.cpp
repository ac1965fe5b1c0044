// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "curriculum_lab/chart/number.hpp"
#include "curriculum_lab/pictures/pictures.hpp"

namespace curriculum_lab {

std::string parameters_in_words(run_plan const& plan)
{
  std::string all;
  for (known_parameter const& p : plan.parameters) {
    all += (all.empty() ? "" : ", ") + p.name + " " + p.value;
  }
  return all;
}

heading heading_of(run_plan const& plan, observed_run const& run)
{
  heading what{plan.name, {}};
  constexpr std::size_t most = 110;  // characters of a line
  std::string line;
  for (known_parameter const& p : plan.parameters) {
    std::string const next = p.name + " " + p.value;
    if (!line.empty() && line.size() + next.size() > most) {
      what.lines.push_back(std::exchange(line, "") + ",");
    }
    line += (line.empty() ? "" : ", ") + next;
  }
  if (!line.empty()) { what.lines.push_back(line); }
  std::string const ranking = plan.ranking == "easy_to_hard" ? "" : ", ranking " + plan.ranking;
  what.lines.push_back(std::to_string(run.samples) + " samples (" + plan.scores.origin + "), " +
                       plan.cut + ranking + ", " + std::to_string(run.steps) + " steps of " +
                       std::to_string(plan.batch));
  return what;
}

void draw_heading(canvas& to, heading const& what)
{
  to.text(14, 22, what.name, "e");
  double y = 24;
  for (auto const& line : what.lines) { to.text(14, y += 15, line, "n"); }
}

axis rank_axis(run_plan const& plan, observed_run const& run)
{
  std::string const order = plan.groups > 0                  ? "rank, easy to hard in each group"
                            : plan.ranking == "random"       ? "rank, in random order"
                            : plan.ranking == "hard_to_easy" ? "rank, hard to easy"
                                                             : "rank, easy to hard";
  return {.label = order, .low = 0, .high = static_cast<double>(run.samples), .whole = true};
}

axis step_axis(observed_run const& run)
{
  return {.label = "step (batches drawn)",
          .low = 0,
          .high = static_cast<double>(run.steps),
          .whole = true};
}

bool shows_levels(run_plan const& plan)
{
  constexpr index_t most = 16;
  return plan.view().count() <= most;
}

std::string outline_of_open(plot const& on, observed_run const& run, std::size_t group, double unit)
{
  polyline upper, lower;
  double high = 0, low = 0;
  bool open = false;
  auto const end_at = [&](double x) {
    upper.to(x, high);
    lower.to(x, low);
  };
  for (auto const& phase : run.phases) {
    open_ranks const ranks = phase.open[group];
    double const x = on.px(static_cast<double>(phase.first_step));
    if (ranks.any()) {
      high = on.py(static_cast<double>(ranks.last) / unit);
      low = on.py(static_cast<double>(ranks.first) / unit);
      upper.step_to(x, high);
      lower.step_to(x, low);
    } else if (open) {
      end_at(x);
      upper.interrupt();
      lower.interrupt();
    }
    open = ranks.any();
  }
  if (open) { end_at(on.right()); }
  return upper.data() + lower.data();
}

std::vector<seen_span> seen_spans(observed_run const& run, index_t most)
{
  std::vector<seen_span> spans;
  index_t const count = std::min(most, run.samples);
  for (index_t k = 0; k < count; ++k) {
    auto const first = static_cast<std::size_t>(run.samples * k / count);
    auto const last = static_cast<std::size_t>(run.samples * (k + 1) / count);
    auto const [least, largest] =
        std::minmax_element(run.seen.begin() + static_cast<index_t>(first),
                            run.seen.begin() + static_cast<index_t>(last));
    double expected = 0;
    for (std::size_t r = first; r < last; ++r) { expected += run.expected[r]; }
    spans.push_back({static_cast<double>(first), static_cast<double>(last),
                     static_cast<double>(*least), static_cast<double>(*largest),
                     expected / static_cast<double>(last - first)});
  }
  return spans;
}

}  // namespace curriculum_lab
