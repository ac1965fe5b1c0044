// SPDX-License-Identifier: MIT
/// \file  A language-model head in chunks, beside the bare products of the same library: the claim
/// is that scoring costs one product, and that gradients cost two more.
///
/// Arguments: rows, width, vocabulary, threads. The result is checked before anything is timed.
/// With threads, `OMP_WAIT_POLICY=passive` keeps OpenMP's from spinning while the BLAS's work; an
/// OpenBLAS that does not know the processor needs `OPENBLAS_CORETYPE`. Compare medians of
/// interleaved runs:
///
///     OMP_WAIT_POLICY=passive bench_head --benchmark_enable_random_interleaving=true
///         --benchmark_repetitions=7 --benchmark_report_aggregates_only=true

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <prefopt/head/gradients.hpp>
#include <prefopt/head/log_probs.hpp>

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(PREFOPT_HAS_CBLAS)
#include <prefopt/adapters/blas.hpp>
#endif
#if defined(PREFOPT_HAS_ONEDNN)
#include <prefopt/adapters/onednn.hpp>
#endif

#include "run.hpp"

namespace {

using namespace prefopt;

void use_threads(int threads)
{
#if defined(_OPENMP)
  omp_set_num_threads(threads);
#endif
#if defined(PREFOPT_HAS_CBLAS)
  openblas_set_num_threads(threads);
#endif
}

/// Where the backward pass takes the logits from.
enum class logits { again, kept };

template <class Stored, class Gemm>
struct head_step {
  Gemm gemm{};
  index_t rows, width, vocabulary;
  std::vector<Stored> hidden, weight;
  std::vector<std::int32_t> targets;
  std::vector<float> log_prob, entropy, log_normalizer, seed, d_hidden, d_weight;
  std::vector<std::byte> workspace{};
  int threads;

  explicit head_step(benchmark::State const& state)
      : rows(state.range(0)),
        width(state.range(1)),
        vocabulary(state.range(2)),
        threads(static_cast<int>(state.range(3)))
  {
    use_threads(threads);
    std::mt19937 generator(1);
    // Logits of spread 3.
    std::normal_distribution<float> normal(0, std::sqrt(3 / std::sqrt(static_cast<float>(width))));
    std::vector<Stored> pattern((1 << 20) - 1);
    for (Stored& x : pattern) { x = detail::from_real<Stored>(normal(generator)); }
    auto const fill = [&pattern](std::vector<Stored>& x, index_t size) {
      x.resize(static_cast<std::size_t>(size));
      for (std::size_t i = 0; i < x.size(); ++i) { x[i] = pattern[i % pattern.size()]; }
    };
    fill(weight, vocabulary * width);
    fill(hidden, rows * width);
    for (index_t i = 0; i < rows; ++i) {
      targets.push_back(static_cast<std::int32_t>(i * 7919 % vocabulary));
    }
    log_prob.resize(targets.size());
    entropy = log_normalizer = log_prob;
    seed.assign(targets.size(), 1.0f);
    d_hidden.resize(hidden.size());
    d_weight.resize(weight.size());
    workspace.resize(static_cast<std::size_t>(
        plan_head<Stored>(rows, width, vocabulary, options(logits::kept)).bytes));
    auto const bytes = plan_head<Stored>(rows, width, vocabulary, {}).bytes;
    if (static_cast<index_t>(workspace.size()) < bytes) {
      workspace.resize(static_cast<std::size_t>(bytes));
    }
  }

  matrix_view<Stored const> h() const { return {hidden.data(), rows, width}; }
  matrix_view<Stored const> w() const { return {weight.data(), vocabulary, width}; }
  matrix_view<float> dw() { return {d_weight.data(), vocabulary, width}; }
  matrix_view<float> dh() { return {d_hidden.data(), rows, width}; }

  head_options<float> options(logits from)
  {
    head_options<float> o{.rows = {.threads = threads}};
    if (from == logits::kept) { o.kept = dw(); }
    return o;
  }

  void forward(logits from = logits::again)
  {
    head_log_probs(gemm, h(), w(), targets,
                   {.log_prob = log_prob, .entropy = entropy, .log_normalizer = log_normalizer},
                   options(from), workspace);
  }
  void backward(logits from, bool with_entropy)
  {
    auto how = options(from);
    how.rows.forward = {log_prob, entropy, log_normalizer};
    log_prob_seed_columns<float> seeds{.d_log_prob = seed};
    if (with_entropy) { seeds.d_entropy = seed; }
    head_gradients(gemm, h(), w(), targets, seeds, {.d_hidden = dh(), .d_weight = dw()}, how,
                   workspace);
  }

  /// The first row in double, the long way round.
  void check()
  {
    forward();
    double sum = 0;
    double shift = 0;
    double target = 0;
    for (index_t v = 0; v < vocabulary; ++v) {
      double x = 0;
      for (index_t k = 0; k < width; ++k) {
        x += detail::to_real<double>(h().row(0)[k]) * detail::to_real<double>(w().row(v)[k]);
      }
      sum += std::exp(x);
      shift += std::exp(x) * x;
      if (v == targets[0]) { target = x; }
    }
    double const lp = target - std::log(sum);
    double const e = std::log(sum) - shift / sum;
    // fp32 sums of `width` products.
    if (!(std::abs(log_prob[0] - lp) < 2e-5) || !(std::abs(entropy[0] - e) < 2e-5)) {
      std::fprintf(stderr, "wrong result: log_prob %g for %g, entropy %g for %g\n",
                   static_cast<double>(log_prob[0]), lp, static_cast<double>(entropy[0]), e);
      std::exit(1);
    }
  }

  /// Products of the whole matrices, of which `products` make a step.
  void report(benchmark::State& state, double products) const
  {
    double const size =
        static_cast<double>(rows) * static_cast<double>(width) * static_cast<double>(vocabulary);
    state.counters["FLOPS"] =
        benchmark::Counter(2 * products * size, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["workspace"] = static_cast<double>(workspace.size());
  }
};

template <class Stored, class Gemm>
void bare_forward(benchmark::State& state)
{
  head_step<Stored, Gemm> s(state);
  std::vector<float> x(static_cast<std::size_t>(s.rows * s.vocabulary));
  for (auto _ : state) {
    s.gemm(s.h(), detail::transposed(s.w()), matrix_view<float>(x.data(), s.rows, s.vocabulary),
           false);
    benchmark::ClobberMemory();
  }
  s.report(state, 1);
}

/// The three products of a step with all logits, and nothing between them.
template <class Stored, class Gemm>
void bare_step(benchmark::State& state)
{
  head_step<Stored, Gemm> s(state);
  std::vector<float> x(static_cast<std::size_t>(s.rows * s.vocabulary));
  std::vector<Stored> d(x.size(), detail::from_real<Stored>(0.01f));
  matrix_view<Stored const> const dx(d.data(), s.rows, s.vocabulary);
  for (auto _ : state) {
    s.gemm(s.h(), detail::transposed(s.w()), matrix_view<float>(x.data(), s.rows, s.vocabulary),
           false);
    s.gemm(dx, s.w(), s.dh(), false);
    s.gemm(detail::transposed(dx), s.h(), s.dw(), false);
    benchmark::ClobberMemory();
  }
  s.report(state, 3);
}

template <class Stored, class Gemm>
void forward(benchmark::State& state)
{
  head_step<Stored, Gemm> s(state);
  s.check();
  for (auto _ : state) {
    s.forward();
    benchmark::ClobberMemory();
  }
  s.report(state, 1);
}

template <class Stored, class Gemm, logits From, bool WithEntropy>
void step(benchmark::State& state)
{
  head_step<Stored, Gemm> s(state);
  s.check();
  for (auto _ : state) {
    s.forward(From);
    s.backward(From, WithEntropy);
    benchmark::ClobberMemory();
  }
  s.report(state, 3);
}

void arguments(benchmark::internal::Benchmark* b)
{
  b->ArgNames({"rows", "width", "vocabulary", "threads"})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
  for (int const threads : {1, 2}) {
    b->Args({512, 1024, 32000, threads});
    b->Args({512, 4096, 32000, threads});
  }
}

template <class Stored, class Gemm>
void add_library(std::string const& name)
{
  auto const add = [&name](char const* what, auto* run) {
    benchmark::RegisterBenchmark((what + name).c_str(), run)->Apply(arguments);
  };
  add("bare/forward", bare_forward<Stored, Gemm>);
  add("head/forward", forward<Stored, Gemm>);
  add("bare/forward_backward", bare_step<Stored, Gemm>);
  add("head/forward_backward/kept", step<Stored, Gemm, logits::kept, false>);
  add("head/forward_backward/again", step<Stored, Gemm, logits::again, false>);
  add("head/forward_backward_entropy/kept", step<Stored, Gemm, logits::kept, true>);
  add("head/forward_backward_entropy/again", step<Stored, Gemm, logits::again, true>);
}

}  // namespace

int main(int argc, char** argv)
{
#if defined(PREFOPT_HAS_ONEDNN)
  add_library<float, onednn_gemm>("/onednn/float");
  add_library<prefopt::bfloat16, onednn_gemm>("/onednn/bfloat16");
#endif
#if defined(PREFOPT_HAS_CBLAS)
  add_library<float, blas_gemm>("/blas/float");
  benchmark::AddCustomContext("openblas", openblas_get_corename());
#endif
  return run_benchmarks(argc, argv);
}
