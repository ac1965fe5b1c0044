// SPDX-License-Identifier: MIT
#pragma once
/// \file  The one place that includes Catch2: version 2 (Debian 12) and version 3 both work.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
#else
#include <string>

#include <catch2/catch.hpp>

/// Version 3's name: a string that has `part` in it.
inline auto ContainsSubstring(std::string const& part)
{
  return Catch::Matchers::Contains(part);
}
#endif
