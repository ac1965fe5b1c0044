// SPDX-License-Identifier: MIT
#pragma once
/// \file  Temporary files, for tests of readers.

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <unistd.h>

#include "support/errors.hpp"

/// A new empty folder that vanishes with the value.
class temporary_folder {
 public:
  temporary_folder()
  {
    std::string pattern = (std::filesystem::temp_directory_path() / "prefopt-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) { throw std::runtime_error("mkdtemp failed"); }
    path_ = pattern;
  }
  temporary_folder(temporary_folder const&) = delete;
  temporary_folder& operator=(temporary_folder const&) = delete;
  ~temporary_folder()
  {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  std::filesystem::path const& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Writes the bytes as they are and returns the path.
inline std::filesystem::path put_file(std::filesystem::path const& path, std::string_view bytes)
{
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) { throw std::runtime_error("cannot write " + path.string()); }
  return path;
}
