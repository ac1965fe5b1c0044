// SPDX-License-Identifier: MIT
/// \file  Throughput of log_probs and logit_gradients, beside a loop that only reads the same
/// bytes and one that copies them: the claim is that scoring a row costs little more than reading
/// it once.
///
/// Arguments: rows, vocabulary, threads. The result is checked before anything is timed.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <type_traits>
#include <vector>

#include <benchmark/benchmark.h>

#include <prefopt/row/rows.hpp>

#include "rooflines.hpp"
#include "run.hpp"

namespace {

using namespace prefopt;

template <class Stored>
struct batch {
  std::vector<Stored> logits, gradient;
  std::vector<std::int32_t> targets;
  using real = std::conditional_t<std::is_same_v<Stored, double>, double, float>;
  std::vector<real> log_prob, entropy, log_normalizer, seed;
  index_t rows, vocabulary;

  batch(index_t row_count, index_t columns) : rows(row_count), vocabulary(columns)
  {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal(0, 3);
    std::vector<Stored> pattern(1 << 20);
    for (Stored& x : pattern) { x = detail::from_real<Stored>(normal(generator)); }
    auto const size = static_cast<std::size_t>(rows * vocabulary);
    logits.reserve(size);
    for (std::size_t i = 0; i < size; ++i) { logits.push_back(pattern[i % pattern.size()]); }
    gradient.resize(size);
    for (index_t i = 0; i < rows; ++i) {
      targets.push_back(static_cast<std::int32_t>(i * 7919 % vocabulary));
    }
    log_prob.resize(targets.size());
    entropy = log_normalizer = log_prob;
    seed.assign(targets.size(), 1);
  }

  matrix_view<Stored const> view() const { return {logits.data(), rows, vocabulary}; }
  double bytes() const { return static_cast<double>(logits.size() * sizeof(Stored)); }

  void score(int threads)
  {
    log_probs(view(), targets,
              {.log_prob = log_prob, .entropy = entropy, .log_normalizer = log_normalizer},
              {.threads = threads});
  }
  void differentiate(int threads, bool with_entropy = true)
  {
    logit_gradients(
        view(), targets,
        {.d_log_prob = seed,
         .d_entropy = with_entropy ? vector_view<real const>(seed) : vector_view<real const>()},
        matrix_view<Stored>(gradient.data(), rows, vocabulary),
        {.forward = {.log_prob = log_prob, .entropy = entropy, .log_normalizer = log_normalizer},
         .threads = threads});
  }

  /// The first row in double, the long way round, and its gradient.
  void check()
  {
    score(1);
    double sum = 0;
    double shift = 0;
    for (index_t j = 0; j < vocabulary; ++j) {
      double const x = detail::to_real<double>(logits[static_cast<std::size_t>(j)]);
      sum += std::exp(x);
      shift += std::exp(x) * x;
    }
    double const target = detail::to_real<double>(logits[static_cast<std::size_t>(targets[0])]);
    double const lp = target - std::log(sum);
    double const h = std::log(sum) - shift / sum;
    if (!(std::abs(log_prob[0] - lp) < 4e-6) || !(std::abs(entropy[0] - h) < 4e-6)) {
      std::fprintf(stderr, "wrong result: log_prob %g for %g, entropy %g for %g\n",
                   static_cast<double>(log_prob[0]), lp, static_cast<double>(entropy[0]), h);
      std::exit(1);
    }
    differentiate(1);
    double const rounding = sizeof(Stored) == 2 ? 0x1p-8 : 1e-5;
    for (index_t j = 0; j < vocabulary; j += 101) {
      double const log_p =
          detail::to_real<double>(logits[static_cast<std::size_t>(j)]) - std::log(sum);
      double const p = std::exp(log_p);
      double const wanted = (j == targets[0] ? 1 - p : -p) - p * (log_p + h);
      double const got = detail::to_real<double>(gradient[static_cast<std::size_t>(j)]);
      if (!(std::abs(got - wanted) <= rounding * std::abs(wanted) + 1e-7)) {
        std::fprintf(stderr, "wrong result: gradient %g for %g\n", got, wanted);
        std::exit(1);
      }
    }
  }
};

void report(benchmark::State& state, double bytes)
{
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) *
                          static_cast<std::int64_t>(state.iterations()));
}

template <class Stored>
void read_only(benchmark::State& state)
{
  batch<Stored> b(state.range(0), state.range(1));
  auto const threads = static_cast<int>(state.range(2));
  for (auto _ : state) {
    roofline::read(b.logits.data(), static_cast<std::size_t>(b.bytes()), threads);
    benchmark::ClobberMemory();
  }
  report(state, b.bytes());
}

template <class Stored>
void copy(benchmark::State& state)
{
  batch<Stored> b(state.range(0), state.range(1));
  for (auto _ : state) {
    roofline::copy(b.logits.data(), b.gradient.data(), static_cast<std::size_t>(b.bytes()),
                   static_cast<int>(state.range(2)));
    benchmark::ClobberMemory();
  }
  report(state, 2 * b.bytes());
}

template <class Stored>
void forward(benchmark::State& state)
{
  batch<Stored> b(state.range(0), state.range(1));
  b.check();
  for (auto _ : state) {
    b.score(static_cast<int>(state.range(2)));
    benchmark::DoNotOptimize(b.log_prob.data());
    benchmark::ClobberMemory();
  }
  report(state, b.bytes());
}

/// Bytes read and written.
template <class Stored, bool WithEntropy = true>
void backward(benchmark::State& state)
{
  batch<Stored> b(state.range(0), state.range(1));
  b.check();
  for (auto _ : state) {
    b.differentiate(static_cast<int>(state.range(2)), WithEntropy);
    benchmark::DoNotOptimize(b.gradient.data());
    benchmark::ClobberMemory();
  }
  report(state, 2 * b.bytes());
}

void arguments(benchmark::internal::Benchmark* b)
{
  b->ArgNames({"rows", "vocabulary", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (int const threads : {1, 2}) {
    b->Args({2048, 32000, threads});
    b->Args({512, 128256, threads});
    b->Args({432, 151936, threads});
  }
}

BENCHMARK(read_only<float>)->Name("read/float")->Apply(arguments);
BENCHMARK(copy<float>)->Name("copy/float")->Apply(arguments);
BENCHMARK(forward<float>)->Name("log_probs/simd/float")->Apply(arguments);
BENCHMARK(backward<float>)->Name("logit_gradients/simd/float")->Apply(arguments);
BENCHMARK(backward<float, false>)->Name("logit_gradients/log_prob/float")->Apply(arguments);
BENCHMARK(read_only<bfloat16>)->Name("read/bfloat16")->Apply(arguments);
BENCHMARK(copy<bfloat16>)->Name("copy/bfloat16")->Apply(arguments);
BENCHMARK(forward<bfloat16>)->Name("log_probs/simd/bfloat16")->Apply(arguments);
BENCHMARK(backward<bfloat16>)->Name("logit_gradients/simd/bfloat16")->Apply(arguments);
BENCHMARK(backward<bfloat16, false>)->Name("logit_gradients/log_prob/bfloat16")->Apply(arguments);
BENCHMARK(forward<float16>)->Name("log_probs/simd/float16")->Apply(arguments);
BENCHMARK(backward<float16>)->Name("logit_gradients/simd/float16")->Apply(arguments);
BENCHMARK(read_only<double>)->Name("read/double")->Apply(arguments);
BENCHMARK(copy<double>)->Name("copy/double")->Apply(arguments);
BENCHMARK(forward<double>)->Name("log_probs/simd/double")->Apply(arguments);
BENCHMARK(backward<double>)->Name("logit_gradients/simd/double")->Apply(arguments);

}  // namespace

int main(int argc, char** argv)
{
  return run_benchmarks(argc, argv);
}
