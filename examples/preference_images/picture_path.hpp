// SPDX-License-Identifier: MIT
#pragma once
/// \file  Files that a data set names, and no others.

#include <filesystem>
#include <string>

namespace preference_images {

/// The file `name` below the folder `root` (empty: the current one). Names come from data that
/// others wrote: an absolute one, one with a part "..", and one that a link leads out of the folder
/// are refused. Throws std::runtime_error that quotes the name, also where there is no such file.
std::filesystem::path file_below(std::filesystem::path const& root, std::string const& name);

}  // namespace preference_images
