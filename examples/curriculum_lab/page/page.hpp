// SPDX-License-Identifier: MIT
#pragma once
/// \file  Everything about a run on one page that needs no other file.

#include <string>
#include <vector>

#include "curriculum_lab/plan/plan.hpp"
#include "curriculum_lab/run/observed_run.hpp"

namespace curriculum_lab {

/// A picture and what stands above it.
struct captioned_picture {
  std::string file;  ///< the picture's own file name
  std::string caption;
  std::string svg;
};

/// The HTML of the page: what was asked for, pictures, and a table of the levels.
std::string page_of(run_plan const& plan, observed_run const& run,
                    std::vector<captioned_picture> const& pictures);

}  // namespace curriculum_lab
