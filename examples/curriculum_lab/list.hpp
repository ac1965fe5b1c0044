// SPDX-License-Identifier: MIT
#pragma once
/// \file  What the lab can draw, for its command 'list'.

#include <string>

namespace curriculum_lab {

/// Schedules, pacing functions, difficulties and mixtures with their parameters and defaults.
std::string list_of_everything();

}  // namespace curriculum_lab
