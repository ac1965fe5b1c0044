// SPDX-License-Identifier: MIT
#pragma once
/// \file  Preference pairs about images, read row by row from a JSON file.

#include <filesystem>
#include <optional>
#include <string>

#include "llava/data/json_rows.hpp"

namespace llava {

/// One question with a better and a worse answer.
struct preference_pair {
  std::string question;
  std::string chosen;
  std::string rejected;
  std::filesystem::path image;
  std::optional<std::filesystem::path> mask;  // regions to noise
  std::string where;                          // "<file>:<line>", for later errors about this pair
};

/// Reads pairs in the order of the file, one in memory at a time. A row, a line of JSONL or an
/// element of a JSON array, is for one
///
///     {"question": "…", "chosen": "…", "rejected": "…", "image": "a.png", "mask": "a_mask.png"}
///
/// (`mask` may be absent or null; other fields are ignored), or has any other form that
/// `parse_pair_row` knows. Images are relative to `image_folder`, masks to the folder of the file.
/// Texts are UTF-8 and kept as they are.
class preference_pair_reader {
 public:
  /// Throws std::runtime_error if the file cannot be read. `image_folder` defaults to the file's
  /// folder.
  explicit preference_pair_reader(std::filesystem::path const& file,
                                  std::filesystem::path image_folder = {});

  /// The next pair, or nothing after the last line. Throws std::runtime_error "<file>:<line>: …"
  /// for malformed JSON or UTF-8, a missing, mistyped or blank field, two equal answers, or a
  /// missing file.
  std::optional<preference_pair> next();

 private:
  json_rows rows_;
  std::filesystem::path image_folder_;
  std::filesystem::path mask_folder_;
};

}  // namespace llava
