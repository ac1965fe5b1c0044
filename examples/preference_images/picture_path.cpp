// SPDX-License-Identifier: MIT
#include "preference_images/picture_path.hpp"

#include <algorithm>
#include <stdexcept>
#include <system_error>

namespace preference_images {

namespace {

[[noreturn]] void refuse(std::string const& name, std::string const& expected)
{
  throw std::runtime_error("'" + name + "': expected " + expected);
}

}  // namespace

std::filesystem::path file_below(std::filesystem::path const& root, std::string const& name)
{
  std::filesystem::path const path(name);
  bool const climbs = std::ranges::find(path, std::filesystem::path("..")) != path.end();
  if (name.empty() || path.is_absolute() || climbs || name.find('\0') != std::string::npos) {
    refuse(name, "a name below the folder of the pictures");
  }
  std::error_code error;
  if (!std::filesystem::is_regular_file(root / path, error)) {
    refuse(name, "a file, got nothing there");
  }
  auto const top = std::filesystem::canonical(root.empty() ? "." : root);
  auto const real = std::filesystem::canonical(root / path);
  if (std::ranges::mismatch(top, real).in1 != top.end()) {
    refuse(name, "a file in the folder of the pictures, got a link out of it");
  }
  return root / path;
}

}  // namespace preference_images
