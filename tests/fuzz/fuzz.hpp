// SPDX-License-Identifier: MIT
#pragma once
/// \file  What the fuzzers share: input as a file, input as numbers, and which errors are answers.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

/// One input. libFuzzer calls it; memory errors, undefined behaviour, other exceptions than those
/// of `refused` and inputs of more than some seconds are findings.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace fuzz {

inline std::string_view text_of(std::uint8_t const* data, std::size_t size)
{
  return {reinterpret_cast<char const*>(data), size};
}

/// Whether `read` refuses its input in one of the ways that the parsers document.
template <class Function>
bool refused(Function read)
{
  try {
    read();
    return false;
  } catch (std::invalid_argument const&) {
    return true;
  } catch (std::runtime_error const&) {
    return true;
  }
}

/// A finding unless `holds`.
inline void require(bool holds)
{
  if (!holds) { std::abort(); }
}

/// Bytes that have a path, without a disk.
class memory_file {
 public:
  explicit memory_file(std::string_view bytes) : handle_(::memfd_create("fuzz", MFD_CLOEXEC))
  {
    require(::write(handle_, bytes.data(), bytes.size()) == static_cast<::ssize_t>(bytes.size()));
  }
  memory_file(memory_file const&) = delete;
  memory_file& operator=(memory_file const&) = delete;
  ~memory_file() { ::close(handle_); }

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(handle_); }

 private:
  int handle_;
};

/// Takes numbers off the front of the input; 0 when it is used up.
struct numbers {
  std::string_view bytes;

  unsigned next()
  {
    if (bytes.empty()) { return 0; }
    auto const value = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    return value;
  }
};

}  // namespace fuzz
