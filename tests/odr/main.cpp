// SPDX-License-Identifier: MIT
/// \file  Two files with different flags in one program: each must keep its own loop and its packs.

#include <cstdio>

#include "loop.hpp"

int main()
{
  auto const plain = describe_plain();
  auto const flags = describe_with_flags();
  int errors = 0;
  auto const check = [&errors](bool holds, char const* what) {
    if (!holds) { std::printf("failed: %s\n", what), ++errors; }
  };
  check(!plain.shares_the_work, "without OpenMP the loop stays on the calling thread");
  check(flags.shares_the_work, "with OpenMP the loop runs on two threads");
  check(plain.pack_type != flags.pack_type, "packs for different machines are different types");
  return errors;
}
