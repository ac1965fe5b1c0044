// SPDX-License-Identifier: MIT
#pragma once
/// \file  Errors of files, and new files that no other process writes to.

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include <prefopt/core/error.hpp>

namespace prefopt::detail {

[[noreturn]] inline void throw_file(char const* function, std::string const& file,
                                    char const* expected)
{
  throw_invalid(function, "file '" + file + "'", expected, std::strerror(errno));
}

/// A file that is closed when reading throws. Not a unique_ptr: <memory> is 14,000 lines.
struct open_file {
  std::FILE* file;

  explicit open_file(std::FILE* opened) : file(opened) {}
  open_file(open_file&& other) noexcept : file(std::exchange(other.file, nullptr)) {}
  open_file(open_file const&) = delete;
  open_file& operator=(open_file const&) = delete;
  open_file& operator=(open_file&&) = delete;
  ~open_file()
  {
    if (file != nullptr) { std::fclose(file); }
  }
};

/// A new file beside `target`, of a name that no other process writes to.
inline std::FILE* open_beside(char const* function, std::string const& target, std::string& name)
{
  int const tries = 100;  // files that killed processes left behind
  for (int k = 0; k < tries; ++k) {
    name = target + ".tmp" + std::to_string(k);
    std::FILE* const file = std::fopen(name.c_str(), "wbx");
    if (file != nullptr) { return file; }
    if (errno != EEXIST) { break; }
  }
  throw_file(function, name, "a new file that can be written");
}

}  // namespace prefopt::detail
