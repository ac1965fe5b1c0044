// SPDX-License-Identifier: MIT
#pragma once
/// \file  The examples check what they print: they are tests as well.

#include <cmath>
#include <cstdio>

/// Prints a value; 1 (a failed program's exit code) unless it is `want` to six digits.
inline int expect(char const* what, double got, double want)
{
  bool const same = std::abs(got - want) <= 1e-6 * (1 + std::abs(want));
  std::printf("%-44s %12.9f%s\n", what, got, same ? "" : "   WRONG");
  return same ? 0 : 1;
}
