// SPDX-License-Identifier: MIT
/// \file  Throughput of `evaluate` on pairs, beside a copy of as many bytes and a scalar loop on
/// the C library's exp and log1p: the claim is that a loss and its gradient cost little more than
/// memory.
///
/// Arguments: pairs, threads. The result is checked before anything is timed.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <benchmark/benchmark.h>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>

#include "rooflines.hpp"
#include "run.hpp"

namespace {

using namespace prefopt;

/// Six columns of log-probabilities, and four of results.
struct pairs {
  std::array<std::vector<float>, 6> in;
  std::array<std::vector<float>, 4> out;

  explicit pairs(index_t count)
  {
    for (std::size_t k = 0; k < in.size(); ++k) {
      in[k].resize(static_cast<std::size_t>(count));
      for (std::size_t i = 0; i < in[k].size(); ++i) {
        in[k][i] = -static_cast<float>((i * 2654435761u + k * 40503u) % 3001u) * 0.1f;
      }
    }
    for (auto& column : out) { column.resize(static_cast<std::size_t>(count)); }
  }

  void operator()(dpo<float> const& loss, int threads)
  {
    evaluate(loss, {.chosen = in[0], .rejected = in[1], .ref_chosen = in[3], .ref_rejected = in[4]},
             {.value = out[0], .gradient = {.chosen = out[1], .rejected = out[2]}},
             {.threads = threads});
  }
  void operator()(mfpo<float> const& loss, int threads)
  {
    evaluate(loss,
             {.chosen = in[0],
              .rejected = in[1],
              .perturbed = {in[2]},
              .ref_chosen = in[3],
              .ref_rejected = in[4],
              .ref_perturbed = {in[5]}},
             {.value = out[0],
              .gradient = {.chosen = out[1], .rejected = out[2], .perturbed = {out[3]}}},
             {.threads = threads});
  }

  /// MFPO's loss and gradient of pair i as one writes them by hand.
  void by_hand(std::size_t i, float beta)
  {
    auto const log_sigmoid = [](float x) {
      return std::min(x, 0.0f) - std::log1p(std::exp(-std::abs(x)));
    };
    auto const sigmoid = [](float x) { return 1 / (1 + std::exp(-x)); };
    float const w = beta * (in[0][i] - in[3][i]);
    float const l = beta * (in[1][i] - in[4][i]);
    float const c = beta * (in[2][i] - in[5][i]);
    out[0][i] = -log_sigmoid(w - l) - log_sigmoid(w - c) - log_sigmoid(w);
    float const text = beta * sigmoid(l - w);
    float const image = beta * sigmoid(c - w);
    out[1][i] = -text - image - beta * sigmoid(-w);
    out[2][i] = text;
    out[3][i] = image;
  }

  void check()
  {
    (*this)(mfpo<float>{}, 1);
    auto const ours = out;
    for (std::size_t i = 0; i < 1000; ++i) {
      by_hand(i, mfpo<float>{}.beta);
      for (std::size_t k = 0; k < out.size(); ++k) {
        if (!(std::abs(ours[k][i] - out[k][i]) <= 2e-5f * std::max(1.0f, std::abs(out[k][i])))) {
          std::fprintf(stderr, "wrong result: pair %zu, column %zu: %g for %g\n", i, k,
                       static_cast<double>(ours[k][i]), static_cast<double>(out[k][i]));
          std::exit(1);
        }
      }
    }
  }
};

void report(benchmark::State& state, index_t columns)
{
  index_t const count = state.range(0) * static_cast<index_t>(state.iterations());
  state.SetItemsProcessed(count);
  state.SetBytesProcessed(count * columns * static_cast<index_t>(sizeof(float)));
}

template <class Loss, index_t Columns>
void loss_and_gradient(benchmark::State& state)
{
  pairs p(state.range(0));
  p.check();
  for (auto _ : state) {
    p(Loss{}, static_cast<int>(state.range(1)));
    benchmark::ClobberMemory();
  }
  report(state, Columns);
}

void scalar_mfpo(benchmark::State& state)
{
  pairs p(state.range(0));
  for (auto _ : state) {
    for (std::size_t i = 0; i < p.in[0].size(); ++i) { p.by_hand(i, 0.1f); }
    benchmark::ClobberMemory();
  }
  report(state, 10);
}

/// Copies five columns: as many bytes as MFPO reads and writes, in equal parts.
void copy(benchmark::State& state)
{
  pairs p(state.range(0));
  auto const threads = static_cast<int>(state.range(1));
  auto const bytes = static_cast<std::size_t>(state.range(0)) * sizeof(float);
  for (auto _ : state) {
    for (std::size_t k = 0; k < 5; ++k) {
      roofline::copy(p.in[k].data(), p.out[k % p.out.size()].data(), bytes, threads);
    }
    benchmark::ClobberMemory();
  }
  report(state, 10);
}

void arguments(benchmark::internal::Benchmark* b)
{
  b->ArgNames({"pairs", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (int const threads : {1, 2}) { b->Args({index_t{1} << 22, threads}); }
}

BENCHMARK(copy)->Apply(arguments);
BENCHMARK(loss_and_gradient<dpo<float>, 7>)->Name("dpo/float")->Apply(arguments);
BENCHMARK(loss_and_gradient<mfpo<float>, 10>)->Name("mfpo/float")->Apply(arguments);
BENCHMARK(scalar_mfpo)
    ->Name("mfpo/scalar libm")
    ->Args({index_t{1} << 22, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv)
{
  return run_benchmarks(argc, argv);
}
