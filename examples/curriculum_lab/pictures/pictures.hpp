// SPDX-License-Identifier: MIT
#pragma once
/// \file  The pictures of a run, one per source file: each returns a whole SVG file.

#include <string>
#include <vector>

#include "curriculum_lab/chart/axes.hpp"
#include "curriculum_lab/chart/canvas.hpp"
#include "curriculum_lab/plan/parameters.hpp"
#include "curriculum_lab/plan/plan.hpp"
#include "curriculum_lab/run/observed_run.hpp"

namespace curriculum_lab {

/// Draws by difficulty over the steps, with what is open, and how often each sample is seen.
std::string heat_map_picture(run_plan const& plan, observed_run const& run);
/// The open share of the ranking over the steps.
std::string pacing_picture(run_plan const& plan, observed_run const& run);
/// How often each sample is seen: by the schedule, and as drawn.
std::string repeats_picture(run_plan const& plan, observed_run const& run);
/// The scores along the ranking, and where it is cut.
std::string levels_picture(run_plan const& plan, observed_run const& run);
/// The pacing functions of these names (all if there are none), with these parameters where they
/// have them, one line each.
std::string pacing_curves_picture(std::vector<std::string> const& names,
                                  std::vector<std::string> const& parameters);

/// What stands above a picture: the name, its parameters and the size of the run, in lines.
struct heading {
  std::string name;
  std::vector<std::string> lines;

  double height() const { return 38 + 15 * static_cast<double>(lines.size()); }
};
heading heading_of(run_plan const& plan, observed_run const& run);
void draw_heading(canvas& to, heading const& what);
/// The parameters that were given or taken: "epochs 1, share 0.25".
std::string parameters_in_words(run_plan const& plan);
/// From 0 to the number of samples.
axis rank_axis(run_plan const& plan, observed_run const& run);
axis step_axis(observed_run const& run);
/// Levels that are told apart in a picture: none if there are too many.
bool shows_levels(run_plan const& plan);

/// The upper and the lower bound of what is open in a group over the steps, its ranks divided by
/// `unit`. Phases that open nothing in it leave a gap.
std::string outline_of_open(plot const& on, observed_run const& run, std::size_t group,
                            double unit);

/// Spans of at most `most` equal parts of the ranking, with the range of times that their samples
/// are seen and the mean that the schedule says.
struct seen_span {
  double first_rank, last_rank;
  double least, most, expected;
};
std::vector<seen_span> seen_spans(observed_run const& run, index_t most);

}  // namespace curriculum_lab
