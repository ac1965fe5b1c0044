// SPDX-License-Identifier: MIT
/// \file  Throughput of `evaluate` on pairs, beside a copy of as many bytes and a scalar loop on
/// the C library's exp and log1p: the claim is that a loss and its gradient cost little more than
/// memory.
///
/// Arguments: pairs, threads. The result is checked before anything is timed.

#include <cstdint>

#include <benchmark/benchmark.h>

#include "peers/cases/pair_case.hpp"
#include "rooflines.hpp"
#include "run.hpp"

namespace {

using compare::pair_case;
using run_pairs = decltype(&prefopt_dpo);

void report(benchmark::State& state, std::int64_t columns)
{
  std::int64_t const count = state.range(0) * static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(count);
  state.SetBytesProcessed(count * columns * static_cast<std::int64_t>(sizeof(float)));
}

/// `columns`: in and out.
void loss(benchmark::State& state, run_pairs run, run_pairs scalar, int columns)
{
  pair_case c(state.range(0));
  c.check(run, scalar);
  prefopt_pairs const p = c.columns(static_cast<int>(state.range(1)));
  for (auto _ : state) {
    run(&p);
    benchmark::ClobberMemory();
  }
  report(state, columns);
}

void copy(benchmark::State& state, int columns)
{
  pair_case c(state.range(0));
  for (auto _ : state) {
    c.copy(roofline::copy, columns, static_cast<int>(state.range(1)));
    benchmark::ClobberMemory();
  }
  report(state, columns);
}

void arguments(benchmark::internal::Benchmark* b)
{
  b->ArgNames({"pairs", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (int const threads : {1, 2}) { b->Args({10'000'000, threads}); }
}

BENCHMARK_CAPTURE(copy, dpo, 7)->Apply(arguments);
BENCHMARK_CAPTURE(loss, dpo, prefopt_dpo, prefopt_scalar_dpo, 7)->Apply(arguments);
BENCHMARK_CAPTURE(loss, dpo by a scalar loop, prefopt_scalar_dpo, prefopt_scalar_dpo, 7)
    ->Apply(arguments);
BENCHMARK_CAPTURE(copy, mfpo, 10)->Apply(arguments);
BENCHMARK_CAPTURE(loss, mfpo, prefopt_mfpo, prefopt_scalar_mfpo, 10)->Apply(arguments);
BENCHMARK_CAPTURE(loss, mfpo by a scalar loop, prefopt_scalar_mfpo, prefopt_scalar_mfpo, 10)
    ->Apply(arguments);

}  // namespace

int main(int argc, char** argv)
{
  return run_benchmarks(argc, argv);
}
