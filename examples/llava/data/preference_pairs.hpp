// SPDX-License-Identifier: MIT
#pragma once
/// \file  Preference pairs about images, read line by line from a JSONL file.

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// One question with a better and a worse answer.
struct preference_pair {
  std::string question;
  std::string chosen;
  std::string rejected;
  std::filesystem::path image;
  std::optional<std::filesystem::path> mask;  // regions to noise
  std::string where;                          // "<file>:<line>", for later errors about this pair
};

/// Reads pairs in the order of the file, one in memory at a time. A line is either
///
///     {"question": "…", "chosen": "…", "rejected": "…", "image": "a.png", "mask": "a_mask.png"}
///
/// (`mask` may be absent or null; other fields and blank lines are ignored), or a row of the RLHF-V
/// data set, whose `text` is a string that holds JSON with question, chosen and rejected, and whose
/// `image_path` names the image. Images are relative to `image_folder`, masks to the folder of the
/// file. Texts are UTF-8 and kept as they are.
class preference_pair_reader {
 public:
  /// Throws std::runtime_error if the file cannot be read. `image_folder` defaults to the file's
  /// folder.
  explicit preference_pair_reader(std::filesystem::path file,
                                  std::filesystem::path image_folder = {});

  /// The next pair, or nothing after the last line. Throws std::runtime_error "<file>:<line>: …"
  /// for malformed JSON or UTF-8, a missing, mistyped or blank field, two equal answers, or a
  /// missing file.
  std::optional<preference_pair> next();

 private:
  std::filesystem::path file_;
  std::filesystem::path image_folder_;
  std::ifstream in_;
  index_t line_ = 0;
};

}  // namespace llava
