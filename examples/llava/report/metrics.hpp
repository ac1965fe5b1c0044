// SPDX-License-Identifier: MIT
#pragma once
/// \file  The log of a run: one JSON object a line, under TRL's names.

#include <filesystem>

#include <nlohmann/json.hpp>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// metrics.jsonl of a run.
class metrics_log {
 public:
  explicit metrics_log(std::filesystem::path file) : file_(std::move(file)) {}

  /// Drops lines of steps after `step`, which a resumed run is about to do again, and a last line
  /// that was cut off.
  void rewind(index_t step) const;

  /// Appends a line and flushes it. `line` has a field "step".
  void append(nlohmann::json const& line) const;

 private:
  std::filesystem::path file_;
};

}  // namespace llava
