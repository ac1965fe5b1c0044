// SPDX-License-Identifier: MIT
#pragma once
/// \file  How much is measured, and in how much memory.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <malloc.h>

namespace compare {

/// How much is measured.
struct extent {
  bool quick;
  int rounds;
  std::int64_t elements;  ///< logits of a case
  std::vector<std::int64_t> vocabularies;
  std::vector<std::int64_t> pairs;

  static extent of(bool quick)
  {
    if (quick) { return {true, 7, std::int64_t{1} << 25, {128256}, {10'000'000}}; }
    return {false, 7, std::int64_t{1} << 26, {32000, 128256, 151936}, {10'000'000, 100'000'000}};
  }
};

/// Keeps freed memory, so that no contender pays page faults for its temporaries at every call.
inline void recycle_heap()
{
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2147483647);
  mallopt(M_TOP_PAD, 64 << 20);
}

/// Bytes of memory that can be had.
inline double available_bytes()
{
  std::FILE* const file = std::fopen("/proc/meminfo", "r");
  char line[128];
  double kibibytes = 0;
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "MemAvailable: %lf", &kibibytes) == 1) { break; }
  }
  if (file != nullptr) { std::fclose(file); }
  return 1024 * kibibytes;
}

inline bool is_room_for(char const* what, double bytes)
{
  bool const fits = bytes <= available_bytes();
  if (!fits) { std::printf("skipped: %s, which would take %.1f GB\n", what, bytes / 1e9); }
  return fits;
}

/// Bytes that `run` held at most beyond what was held before it.
inline double peak_bytes(std::function<void()> const& run)
{
  auto const status = [](char const* field) {
    std::FILE* const file = std::fopen("/proc/self/status", "r");
    char line[128];
    double kibibytes = 0;
    std::string const format = std::string(field) + ": %lf";
    while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
      if (std::sscanf(line, format.c_str(), &kibibytes) == 1) { break; }
    }
    if (file != nullptr) { std::fclose(file); }
    return 1024 * kibibytes;
  };
  run();  // threads, and code that is loaded when it is first called
  malloc_trim(0);
  if (std::FILE* const file = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", file);  // the peak is now what is held
    std::fclose(file);
  }
  double const before = status("VmRSS");
  run();
  return std::max(0.0, status("VmHWM") - before);
}

}  // namespace compare
