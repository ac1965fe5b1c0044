// SPDX-License-Identifier: MIT
#pragma once
/// \file  The folder of a run: whose it is, and that only one process works in it.

#include <filesystem>

#include <nlohmann/json.hpp>

namespace llava {

/// Throws std::runtime_error unless `folder` is new, empty, or holds a run with these options (the
/// first that differs is named). Changes nothing.
void check_run_folder(std::filesystem::path const& folder, nlohmann::json const& options);

/// Holds a run's folder for this process.
class run_folder {
 public:
  /// Creates the folder if need be, writes run.json, and removes what a killed process left half
  /// written. Throws as check_run_folder(), and when another process holds the folder.
  run_folder(std::filesystem::path folder, nlohmann::json const& options);
  ~run_folder();
  run_folder(run_folder const&) = delete;
  run_folder& operator=(run_folder const&) = delete;

  std::filesystem::path const& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int handle_ = -1;  // of the folder, locked
};

}  // namespace llava
