// SPDX-License-Identifier: MIT
#pragma once
/// \file  The library's pacing functions and difficulties by name.

#include <optional>
#include <span>

#include "curriculum_lab/plan/catalogue.hpp"
#include "curriculum_lab/plan/erased.hpp"
#include "curriculum_lab/plan/parameters.hpp"

namespace curriculum_lab {

/// `start`: another default than the library's.
using pacing_maker = any_pacing(keeper&, parameters&, std::optional<double> start);
using difficulty_maker = any_difficulty(keeper&, parameters&);

std::span<entry<pacing_maker> const> pacings();
std::span<entry<difficulty_maker> const> difficulties();

/// The one that --pacing names.
any_pacing chosen_pacing(keeper& values, parameters& given,
                         std::optional<double> start = std::nullopt);
/// The one that --difficulty names.
any_difficulty chosen_difficulty(keeper& values, parameters& given);

}  // namespace curriculum_lab
