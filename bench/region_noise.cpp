// SPDX-License-Identifier: MIT
/// \file  Throughput of diffusion noise inside the key regions of pictures, beside a copy of the
/// same bytes and beside drawing the normal numbers alone: outside its regions a picture costs a
/// copy, and inside them what its random numbers cost.
///
/// Arguments: per cent of the pixels inside, threads. The result is checked before anything is
/// timed.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <benchmark/benchmark.h>

#include <prefopt/core/philox.hpp>
#include <prefopt/image/noise.hpp>
#include <prefopt/row/half.hpp>

#include "rooflines.hpp"
#include "run.hpp"

namespace {

using namespace prefopt;

/// Pictures as LLaVA-1.5 takes them, more of them than a cache holds, each with a square somewhere
/// as its region.
template <class Stored>
struct pictures {
  static constexpr index_t side = 336;

  tensor_layout layout{.items = 64, .channels = 3, .height = side, .width = side};
  diffusion_noise noise{.level = noise_level_at(sigmoid_noise_schedule{}, 500), .seed = 7};
  std::vector<Stored> in, out;
  std::vector<std::uint8_t> mask;
  index_t inside = 0;  ///< elements in regions

  explicit pictures(index_t percent)
      : in(static_cast<std::size_t>(layout.elements())),
        out(in.size()),
        mask(static_cast<std::size_t>(layout.items * layout.pixels()))
  {
    for (std::size_t i = 0; i < in.size(); ++i) {
      in[i] = element_codec<Stored>::encode(static_cast<float>(i * 2654435761u % 255u) / 255);
    }
    auto const edge = static_cast<index_t>(side * std::sqrt(static_cast<double>(percent) / 100));
    for (index_t i = 0; i < layout.items * layout.pixels(); ++i) {
      index_t const corner = 37 * (i / layout.pixels()) % (side - edge + 1);
      index_t const x = i % side - corner, y = i / side % side - corner;
      bool const is_inside = 0 <= std::min(x, y) && std::max(x, y) < edge;
      mask[static_cast<std::size_t>(i)] = is_inside ? 1 : 0;
      inside += is_inside ? layout.channels : 0;
    }
  }

  std::size_t bytes() const { return in.size() * sizeof(Stored); }
  void add_noise(int threads) { corrupt(noise, in, mask, std::span(out), layout, threads); }

  /// Element by element: the formula with the number of its place inside, the same bits outside.
  void check()
  {
    add_noise(2);
    for (std::size_t i = 0; i < in.size(); i += 11) {
      auto const place = static_cast<index_t>(i);
      index_t const item = place / (layout.channels * layout.pixels());
      auto const pixel = static_cast<std::size_t>(item * layout.pixels() + place % layout.pixels());
      float const x = element_codec<Stored>::decode(in[i]);
      float const noised =
          noise.level.signal * x + noise.level.noise * philox_normal(noise.seed, place);
      float const wanted = mask[pixel] != 0 ? noised : x;
      float const got = element_codec<Stored>::decode(out[i]);
      float const tolerance = mask[pixel] != 0 ? (sizeof(Stored) == 2 ? 2e-2f : 1e-6f) : 0;
      if (!(std::abs(got - wanted) <= tolerance)) {
        std::fprintf(stderr, "wrong result: element %zu: %g for %g\n", i, static_cast<double>(got),
                     static_cast<double>(wanted));
        std::exit(1);
      }
    }
  }
};

/// Bytes read and written, and elements in regions.
template <class Stored>
void report(benchmark::State& state, pictures<Stored> const& p)
{
  auto const times = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(2 * static_cast<std::int64_t>(p.bytes()) * times);
  state.SetItemsProcessed(p.inside * times);
}

template <class Stored>
void copy(benchmark::State& state)
{
  pictures<Stored> p(state.range(0));
  for (auto _ : state) {
    roofline::copy(p.in.data(), p.out.data(), p.bytes(), static_cast<int>(state.range(1)));
    benchmark::ClobberMemory();
  }
  report(state, p);
}

template <class Stored>
void region_noise(benchmark::State& state)
{
  pictures<Stored> p(state.range(0));
  p.check();
  for (auto _ : state) {
    p.add_noise(static_cast<int>(state.range(1)));
    benchmark::ClobberMemory();
  }
  report(state, p);
}

/// As many normal numbers as there are elements inside, a row of a picture at a time, kept nowhere.
void normals(benchmark::State& state)
{
  pictures<float> const p(state.range(0));
  auto const threads = static_cast<int>(state.range(1));
  index_t const rows = p.inside / p.side;
  for (auto _ : state) {
    PREFOPT_PARALLEL_FOR(threads)
    for (index_t row = 0; row < rows; ++row) {
      normal_stream normal(p.noise.seed);
      float sum = 0;
      for (index_t x = 0; x < p.side; ++x) { sum += normal(row * p.side + x); }
      benchmark::DoNotOptimize(sum);
    }
  }
  state.SetItemsProcessed(rows * p.side * static_cast<std::int64_t>(state.iterations()));
}

void arguments(benchmark::internal::Benchmark* b)
{
  b->ArgNames({"percent", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (int const threads : {1, 2}) {
    for (int const percent : {20, 100}) { b->Args({percent, threads}); }
  }
}

BENCHMARK(normals)->Apply(arguments);
BENCHMARK(copy<float>)->Name("copy/float")->Apply(arguments);
BENCHMARK(region_noise<float>)->Name("region_noise/float")->Apply(arguments);
BENCHMARK(copy<bfloat16>)->Name("copy/bfloat16")->Apply(arguments);
BENCHMARK(region_noise<bfloat16>)->Name("region_noise/bfloat16")->Apply(arguments);

}  // namespace

int main(int argc, char** argv)
{
  return run_benchmarks(argc, argv);
}
