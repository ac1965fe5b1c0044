// SPDX-License-Identifier: MIT
#pragma once
/// \file  The rows of a JSON file, one in memory at a time: lines of JSONL, or the elements of an
/// array.

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// A row as it stands in the file, not parsed yet.
struct json_row {
  std::string text;
  std::string where;  // "<file>:<line>" or "<file>[<index>]"
};

/// Reads rows in the order of the file. A file whose first character is [ is an array; any other
/// has a row a line, and blank lines are passed over.
class json_rows {
 public:
  /// Throws std::runtime_error if the file cannot be read.
  explicit json_rows(std::filesystem::path file);

  /// The next row, or nothing after the last. Throws std::runtime_error when reading fails and for
  /// an array that does not end.
  std::optional<json_row> next();

 private:
  std::optional<json_row> next_line();
  std::optional<json_row> next_element();

  std::filesystem::path file_;
  std::ifstream in_;
  bool is_array_ = false;
  index_t number_ = 0;  // of the line, or of the element
};

}  // namespace llava
