// SPDX-License-Identifier: MIT
#pragma once
/// \file  Names of checkpoints in a folder: where one goes, which is the latest, which are too old.

#include <cstddef>
#include <filesystem>
#include <optional>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// The file of a checkpoint after `step` optimizer steps.
std::filesystem::path checkpoint_path(std::filesystem::path const& folder, index_t step);

/// The checkpoint with the most steps, if there is one.
std::optional<std::filesystem::path> latest_checkpoint(std::filesystem::path const& folder);

/// The text to add to an error about a checkpoint: which one to go back to, if there is one.
std::string older_checkpoint_hint(std::filesystem::path const& damaged);

/// Removes all but the `keep` checkpoints with the most steps.
void prune_checkpoints(std::filesystem::path const& folder, std::size_t keep);

}  // namespace llava
