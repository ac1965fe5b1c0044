// SPDX-License-Identifier: MIT
#pragma once
/// \file  The library's schedules and mixtures by name.

#include <optional>
#include <span>

#include "curriculum_lab/plan/catalogue.hpp"
#include "curriculum_lab/plan/erased.hpp"
#include "curriculum_lab/plan/parameters.hpp"

namespace curriculum_lab {

/// Levels of equal width in the score.
struct level_width {
  double first = 0;
  double width = 1;
};

/// A schedule, and what it expects of the ranking.
struct chosen_schedule {
  schedule_ref schedule;
  std::optional<level_width> width =
      std::nullopt;    ///< levels by value, not those of the command line
  index_t groups = 0;  ///< above 0: a ranking through that many groups
};

using schedule_maker = chosen_schedule(keeper&, parameters&);
using mixture_maker = any_mixture(keeper&, parameters&);

std::span<entry<schedule_maker> const> schedules();
std::span<entry<mixture_maker> const> mixtures();

}  // namespace curriculum_lab
