// SPDX-License-Identifier: MIT
#pragma once
/// \file  Files: their errors, new ones that no other process writes to, and ones that are read and
/// written in blocks.

#include <cerrno>
#include <cstddef>
#include <cstdint>
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

/// A file that is closed with the value, read and written in blocks without a buffer of its own.
class block_file {
 public:
  block_file(char const* function, std::string name, char const* mode, char const* expected)
      : function_(function), name_(std::move(name)), open_(std::fopen(name_.c_str(), mode))
  {
    if (open_.file == nullptr) { throw_file(function_, name_, expected); }
    std::setvbuf(open_.file, nullptr, _IONBF, 0);
  }

  void read(void* to, std::size_t bytes, std::uint64_t at)
  {
    std::size_t const got = std::fread(to, 1, bytes, open_.file);
    if (got == bytes) { return; }
    if (std::ferror(open_.file) != 0) { throw_file(function_, name_, "a file that can be read"); }
    throw_invalid(function_, "file '" + name_ + "'", std::to_string(at + bytes) + " bytes or more",
                  std::to_string(at + got) + ": cut short");
  }
  void write(void const* from, std::size_t bytes)
  {
    if (std::fwrite(from, 1, bytes, open_.file) != bytes) { throw_write(); }
  }
  void close()
  {
    if (std::fclose(std::exchange(open_.file, nullptr)) != 0) { throw_write(); }
  }
  bool at_end() const { return std::fgetc(open_.file) == EOF; }
  /// Bytes, or -1 where the C library cannot tell. Goes back to the first.
  long size()
  {
    long const bytes = std::fseek(open_.file, 0, SEEK_END) == 0 ? std::ftell(open_.file) : -1;
    if (std::fseek(open_.file, 0, SEEK_SET) != 0) {
      throw_file(function_, name_, "a file that can be read from its beginning");
    }
    return bytes;
  }

 private:
  [[noreturn]] void throw_write() const
  {
    throw_file(function_, name_, "a file that can be written (space on the disk)");
  }

  char const* function_;
  std::string name_;
  open_file open_;
};

}  // namespace prefopt::detail
