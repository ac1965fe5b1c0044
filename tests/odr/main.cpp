// SPDX-License-Identifier: MIT
/// \file  Two files with different flags in one program: each must keep its own loops and its
/// packs.

#include <cstdio>

#include "description.hpp"

int main()
{
  auto const plain = describe_plain();
  auto const flags = describe_with_flags();
  int errors = 0;
  auto const check = [&errors](bool holds, char const* what, char const* whose = "") {
    if (!holds) { std::printf("failed: %s%s\n", what, whose), ++errors; }
  };
  for (auto const& [loop, shares] : plain.shares_the_work) {
    check(!shares, "without OpenMP a loop stays on the calling thread: ", loop.c_str());
  }
  for (auto const& [loop, shares] : flags.shares_the_work) {
    check(shares, "with OpenMP a loop runs on two threads: ", loop.c_str());
  }
  check(plain.notes_all && flags.notes_all, "every loop says who ran it");
  check(plain.pack_type != flags.pack_type, "packs for different machines are different types");
  check(plain.executor_type != flags.executor_type, "so are the executors that hold them");
  return errors;
}
