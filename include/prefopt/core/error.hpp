// SPDX-License-Identifier: MIT
#pragma once
/// \file  The text of run-time errors: who complains, about what, what was expected and what came.

#include <cstdio>
#include <stdexcept>
#include <string>

#include <prefopt/core/math.hpp>

namespace prefopt::detail {

/// Throws `std::invalid_argument`: "prefopt::<function>: <subject>: expected <expected>, got
/// <got>".
[[noreturn]] inline void throw_invalid(char const* function, std::string const& subject,
                                       std::string const& expected, std::string const& got)
{
  throw std::invalid_argument("prefopt::" + std::string(function) + ": " + subject + ": expected " +
                              expected + ", got " + got);
}

/// All digits of a number, so that two that differ read differently.
inline std::string exact_text(double x)
{
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", x);
  return text;
}

/// Checks the length of one column or row against what the others say.
inline void require_extent(char const* function, char const* column, index_t expected, index_t got)
{
  if (got != expected) {
    throw_invalid(function, "column '" + std::string(column) + "'",
                  std::to_string(expected) + " elements", std::to_string(got));
  }
}

/// Checks a number of host threads.
inline void require_threads(char const* function, int threads)
{
  if (threads < 1) { throw_invalid(function, "threads", "1 or more", std::to_string(threads)); }
}

}  // namespace prefopt::detail
