// SPDX-License-Identifier: MIT
#pragma once
/// \file  Parquet files of preference pairs, unpacked into what `build` reads.

#include <filesystem>

#include <prefopt/core/math.hpp>

namespace preference_images {

using prefopt::index_t;

/// Whether this program was built with Arrow and Parquet.
bool has_parquet();

/// Writes the rows of `file` to `output`/pairs.jsonl, column by column as they are (nulls are left
/// out), and the pictures that they hold (Hugging Face's, which are structs of `bytes` and `path`,
/// or plain bytes) to `output`/photos/, by the row's number; the name of that file takes the
/// picture's place. Of a picture without bytes the path remains. Memory: 64 rows and pages of the
/// file. What was there is overwritten; pairs.jsonl appears when all is done. Returns how many
/// rows. Throws std::runtime_error that names the file, with Arrow's words, for a column of another
/// type than texts, bytes, numbers, dates, lists and structs, and in a program without Arrow.
index_t unpack_parquet(std::filesystem::path const& file, std::filesystem::path const& output);

}  // namespace preference_images
