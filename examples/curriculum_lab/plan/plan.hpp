// SPDX-License-Identifier: MIT
#pragma once
/// \file  Everything that decides what a run draws: scores, their ranking, levels and a schedule.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "curriculum_lab/data/scores.hpp"
#include "curriculum_lab/plan/schedules.hpp"

namespace curriculum_lab {

struct plan_options {
  score_file file;  ///< path empty: scores are generated
  score_recipe recipe;
  std::string schedule = "one_pass";
  std::vector<std::string> parameters;  ///< of the schedule: --name value ...
  std::string ranking = "easy_to_hard";
  index_t levels = 3;
  std::string fractions, thresholds, level_width;  ///< other ways to cut; numbers between commas
  index_t batch = 256;
  std::uint64_t seed = 0;
};

struct run_plan {
  keeper values;  ///< what the schedule points to
  schedule_ref schedule;
  std::string name;  ///< of the schedule
  std::vector<known_parameter> parameters;
  sample_scores scores;
  index_t groups = 0;
  std::vector<index_t> order;   ///< sample of each rank
  std::vector<index_t> levels;  ///< offsets
  std::string ranking, cut;     ///< in words
  index_t batch = 0;
  std::uint64_t seed = 0;

  index_t samples() const { return static_cast<index_t>(order.size()); }
  level_view view() const { return {levels}; }
  double score_at(index_t rank) const;
};

/// Throws std::invalid_argument for whatever does not fit.
run_plan make_plan(plan_options const& options);

}  // namespace curriculum_lab
