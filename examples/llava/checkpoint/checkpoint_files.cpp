// SPDX-License-Identifier: MIT
#include "llava/checkpoint/checkpoint_files.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace llava {

namespace {

/// Checkpoints in a folder, oldest first. The names sort by step.
std::vector<std::filesystem::path> all_checkpoints(std::filesystem::path const& folder)
{
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::is_directory(folder)) { return found; }
  for (auto const& entry : std::filesystem::directory_iterator(folder)) {
    std::string const name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(".safetensors")) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::filesystem::path checkpoint_path(std::filesystem::path const& folder, index_t step)
{
  char name[48];
  std::snprintf(name, sizeof name, "step-%010lld.safetensors", static_cast<long long>(step));
  return folder / name;
}

std::optional<std::filesystem::path> latest_checkpoint(std::filesystem::path const& folder)
{
  auto const found = all_checkpoints(folder);
  if (found.empty()) { return std::nullopt; }
  return found.back();
}

std::string older_checkpoint_hint(std::filesystem::path const& damaged)
{
  auto const found = all_checkpoints(damaged.parent_path());
  if (found.size() < 2) { return ""; }
  return "; without this file the run goes on from " + found[found.size() - 2].string();
}

void prune_checkpoints(std::filesystem::path const& folder, std::size_t keep)
{
  auto const found = all_checkpoints(folder);
  for (std::size_t i = 0; i + keep < found.size(); ++i) { std::filesystem::remove(found[i]); }
}

}  // namespace llava
