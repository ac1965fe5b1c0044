// SPDX-License-Identifier: MIT
#pragma once
/// \file  Whole-file reading with a size limit, and writing that never leaves half a file behind.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// Size of a regular file in bytes. Throws std::runtime_error if it does not exist or is no file.
index_t file_bytes(std::filesystem::path const& path);

/// The bytes of a file of at most `max_bytes`. Throws std::runtime_error naming the file.
std::string read_file(std::filesystem::path const& path, index_t max_bytes = index_t{1} << 30);

/// Appends bytes to the file that is being written.
using byte_sink = std::function<void(std::span<std::byte const>)>;

/// Writes `path` through a temporary file in the same folder: `write` fills it, then it is synced
/// to the disk and renamed, so that a reader sees the old file or the whole new one, never a part.
/// The temporary file is removed when anything throws. Throws std::runtime_error naming the file.
void write_file(std::filesystem::path const& path,
                std::function<void(byte_sink const&)> const& write);

/// The same for a text that is already in memory.
void write_file(std::filesystem::path const& path, std::string_view text);

/// Whether a path is such a temporary file, which a killed process may have left.
bool is_temporary_file(std::filesystem::path const& path);

/// Removes those in a folder and the folders below it. Call it where nobody else is writing.
void remove_temporary_files(std::filesystem::path const& folder);

}  // namespace llava
