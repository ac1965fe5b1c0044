// SPDX-License-Identifier: MIT
#pragma once
/// \file  A reference cache as a file that is whole or not there.

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>

#include <prefopt/core/file.hpp>
#include <prefopt/data/reference_bytes.hpp>
#include <prefopt/data/reference_cache.hpp>

namespace prefopt {

/// Writes the cache to a file beside `file` and renames it into place, so that a killed process
/// leaves the old file or the new one. The disk's own cache is not flushed (the standard library
/// cannot): what a power failure cuts short, `load_reference_cache` refuses. Throws
/// `std::invalid_argument` when writing fails; `file` is then as it was.
inline void save_reference_cache(std::string const& file, reference_cache const& cache)
{
  char const* const function = "save_reference_cache";
  std::string const bytes = encode_reference_cache(cache);
  std::string beside;
  std::FILE* const out = detail::open_beside(function, file, beside);
  bool const written = std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size();
  bool const closed = std::fclose(out) == 0;
  if (!written || !closed || std::rename(beside.c_str(), file.c_str()) != 0) {
    int const error = errno;
    std::remove(beside.c_str());
    errno = error;
    detail::throw_file(function, file, "a file that can be written");
  }
}

/// Throws `std::invalid_argument` as `decode_reference_cache`, or when the file cannot be read.
inline reference_cache load_reference_cache(std::string const& file)
{
  char const* const function = "load_reference_cache";
  detail::open_file const in(std::fopen(file.c_str(), "rb"));
  if (in.file == nullptr) { detail::throw_file(function, file, "a file that can be read"); }
  std::string bytes;
  std::string part(std::size_t{1} << 16, '\0');
  std::size_t got = 0;
  while ((got = std::fread(part.data(), 1, part.size(), in.file)) > 0) {
    bytes.append(part, 0, got);
  }
  if (std::ferror(in.file) != 0) { detail::throw_file(function, file, "a file that can be read"); }
  return decode_reference_cache(bytes, "file '" + file + "'");
}

}  // namespace prefopt
