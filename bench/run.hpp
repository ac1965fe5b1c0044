// SPDX-License-Identifier: MIT
#pragma once
/// \file  The main() of every benchmark.

#include <cstdio>

#include <benchmark/benchmark.h>

/// Runs the benchmarks of a program; refuses without NDEBUG, since assertions are not what is
/// timed.
inline int run_benchmarks(int argc, char** argv)
{
#ifdef NDEBUG
  constexpr bool optimised = true;
#else
  constexpr bool optimised = false;
#endif
  if (!optimised) {
    std::fprintf(stderr, "%s: build with NDEBUG (Release); assertions are not timed\n", argv[0]);
    return 1;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
