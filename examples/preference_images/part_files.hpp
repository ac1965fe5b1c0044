// SPDX-License-Identifier: MIT
#pragma once
/// \file  The files of a set while it is being built: pictures at once, lines in parts.

#include <filesystem>
#include <string>

#include <prefopt/core/math.hpp>

namespace preference_images {

using prefopt::index_t;

/// Before each line of a part: whether it goes to pairs.jsonl or to rejected.jsonl.
inline constexpr char accepted_mark = 'A', rejected_mark = 'R';

/// "000042.png".
std::string numbered(index_t number, std::string const& extension);

/// Writes a file of a part that is not committed yet: no rename is needed, since nobody looks
/// before. Throws std::runtime_error that names the file.
void put(std::filesystem::path const& path, std::string const& bytes);

/// Waits until what was written below a folder is on the disk, so that a part's file never says
/// that there are pictures which a power failure has taken.
void sync_to_disk(std::filesystem::path const& folder);

/// Writes to `target` the lines with one mark of all parts of a folder, in order, without the mark.
void merge_parts(std::filesystem::path const& folder, index_t parts, char mark,
                 std::filesystem::path const& target);

}  // namespace preference_images
