// SPDX-License-Identifier: MIT
#pragma once
/// \file  The main() of every benchmark.

#include <benchmark/benchmark.h>

#include "measure.hpp"

/// Runs the benchmarks of a program; refuses without NDEBUG.
inline int run_benchmarks(int argc, char** argv)
{
  if (!measure::is_release(argv[0])) { return 1; }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
