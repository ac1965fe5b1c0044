// SPDX-License-Identifier: MIT
/// \file  The GPU's share of the claims: rows, pairs of rows, a step from logits to their gradient,
/// pairs, corruption and ranking, each beside a copy or a reading of as many bytes in the same
/// loop.
///
/// `roofline` is the time of that copy (for what only reads: of a reading) over the time of the
/// work: 1 is as fast as memory allows. Results are checked against the host before anything is
/// timed. Without a device the program says so and ends with code 4.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <thrust/execution_policy.h>
#include <thrust/system/cuda/execution_policy.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <prefopt/adapters/thrust_ranking.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/cuda/corrupt.cuh>
#include <prefopt/cuda/evaluate.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/image/noise.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/row/executor.hpp>

#include "device.cuh"
#include "run.hpp"
#include "step.cuh"

namespace {

using namespace prefopt;

template <class Stored>
struct rows {
  index_t count, vocabulary;
  device_column<Stored> logits, gradient;
  device_column<std::int32_t> targets;
  device_column<float> log_prob, entropy, log_normalizer, seed;

  explicit rows(benchmark::State const& state)
      : count(state.range(0)),
        vocabulary(state.range(1)),
        logits(count * vocabulary, pattern<Stored>(-8, 8)),
        gradient(count * vocabulary, std::vector<Stored>(1 << 20)),
        targets(count, {5, 17, 3}),
        log_prob(count, {0.0f}),
        entropy(count, {0.0f}),
        log_normalizer(count, {0.0f}),
        seed(count, {0.75f})
  {
    score();
    differentiate(gradient.data());
    check_first_row();
    fuse(gradient.data());
    check_first_row();
  }

  matrix_view<Stored const, device_memory> view() const
  {
    return {logits.data(), count, vocabulary};
  }
  log_prob_columns<float, device_memory> results() const
  {
    return {log_prob.view(), entropy.view(), log_normalizer.view()};
  }
  double bytes() const
  {
    return static_cast<double>(count) * static_cast<double>(vocabulary) * sizeof(Stored);
  }
  void score() const { check(gpu::log_probs(nullptr, view(), targets.view(), results())); }
  void differentiate(Stored* to) const
  {
    check(gpu::logit_gradients(
        nullptr, view(), targets.view(), {.d_log_prob = seed.view(), .d_entropy = seed.view()},
        matrix_view<Stored, device_memory>(to, count, vocabulary),
        {.forward = {log_prob.view(), entropy.view(), log_normalizer.view()}}));
  }
  void fuse(Stored* to) const
  {
    check(gpu::log_probs_and_gradients(
        nullptr, view(), targets.view(), {.d_log_prob = seed.view(), .d_entropy = seed.view()},
        results(), matrix_view<Stored, device_memory>(to, count, vocabulary)));
  }
  void check_first_row() const
  {
    std::vector<Stored> const x = logits.host(static_cast<std::size_t>(vocabulary));
    std::vector<Stored> const got = gradient.host(x.size());
    std::vector<double> want(x.size());
    serial_executor serial;
    vector_view<Stored const> const row(x.data(), vocabulary);
    auto const result = row_log_prob<double>(serial, row, 5);
    row_log_prob_gradient<double>(serial, row, vector_view<double>(want.data(), vocabulary), 5,
                                  result, {.d_log_prob = 0.75, .d_entropy = 0.75});
    expect(near(log_prob.host(1)[0], result.log_prob), "log_prob");
    expect(near(entropy.host(1)[0], result.entropy), "entropy");
    for (std::size_t j = 0; j < x.size(); ++j) {
      double const error = std::abs(detail::to_real<double>(got[j]) - want[j]);
      expect(error <= 1e-5 + 0x1p-8 * std::abs(want[j]), "gradient");
    }
  }
};

template <class Stored>
void forward(benchmark::State& state)
{
  rows<Stored> const r(state);
  measure(state, r.bytes(), 0, [&] { r.score(); });
}
template <class Stored>
void backward(benchmark::State& state)
{
  rows<Stored> const r(state);
  measure(state, r.bytes(), r.bytes(), [&] { r.differentiate(r.gradient.data()); });
}
template <class Stored>
void fused(benchmark::State& state)
{
  rows<Stored> const r(state);
  measure(state, r.bytes(), r.bytes(), [&] { r.fuse(r.gradient.data()); });
}

/// Columns of a batch, with the names that each loss gives them.
template <class Loss>
struct pair_columns;

template <>
struct pair_columns<dpo<float>> {
  static constexpr int policy = 2;

  template <class In, class At>
  static In in(At at)
  {
    return {.chosen = at(0), .rejected = at(1), .ref_chosen = at(2), .ref_rejected = at(3)};
  }
  template <class Out, class At>
  static Out out(At at)
  {
    return {.value = at(0), .gradient = {.chosen = at(1), .rejected = at(2)}};
  }
};
template <>
struct pair_columns<mfpo<float>> {
  static constexpr int policy = 3;

  template <class In, class At>
  static In in(At at)
  {
    return {.chosen = at(0),
            .rejected = at(1),
            .perturbed = {at(2)},
            .ref_chosen = at(3),
            .ref_rejected = at(4),
            .ref_perturbed = {at(5)}};
  }
  template <class Out, class At>
  static Out out(At at)
  {
    return {.value = at(0), .gradient = {.chosen = at(1), .rejected = at(2), .perturbed = {at(3)}}};
  }
};

/// Loss and gradient: policy and reference columns in, the loss and a column of gradients for each
/// policy column out.
template <class Loss>
void pairs(benchmark::State& state)
{
  using columns = pair_columns<Loss>;
  index_t const n = state.range(0);
  constexpr int ins = 2 * columns::policy;
  constexpr int outs = 1 + columns::policy;
  std::vector<float> const values = pattern<float>(-200, 0);
  device_column<float> const in(ins * n, values), out(outs * n, {0.0f});
  auto const part = [n](device_column<float> const& all) {
    return [n, &all](int k) { return vector_view<float, device_memory>(all.data() + k * n, n); };
  };
  auto const device_in = columns::template in<input_columns<Loss, float, device_memory>>(part(in));
  auto const device_out =
      columns::template out<output_columns<Loss, float, device_memory>>(part(out));
  auto const work = [&] { check(gpu::evaluate(nullptr, Loss{}, device_in, device_out)); };
  work();
  float first[ins];
  float want[outs] = {};
  for (int k = 0; k < ins; ++k) {
    first[k] = values[static_cast<std::size_t>(k * n) % values.size()];
  }
  auto const one = [](float* all) {
    return [all](int k) { return vector_view<float>(all + k, 1); };
  };
  evaluate(Loss{}, columns::template in<input_columns<Loss, float>>(one(first)),
           columns::template out<output_columns<Loss, float>>(one(want)));
  std::vector<float> const got = out.host(static_cast<std::size_t>((outs - 1) * n + 1));
  for (int k = 0; k < outs; ++k) {
    expect(near(got[static_cast<std::size_t>(k * n)], want[k]), "loss and gradient of a pair");
  }
  measure(state, 4.0 * ins * static_cast<double>(n), 4.0 * outs * static_cast<double>(n), work);
}

/// Diffusion noise everywhere in a batch of 336 x 336 images.
void corruption(benchmark::State& state)
{
  tensor_layout const layout{.items = state.range(0), .channels = 3, .height = 336, .width = 336};
  index_t const n = layout.elements();
  std::vector<float> const values = pattern<float>(0, 1);
  device_column<float> const in(n, values), out(n, {0.0f});
  diffusion_noise const noise{.level = noise_level_at(sigmoid_noise_schedule{}, 500), .seed = 5};
  auto const element = make_corrupted_element(noise, in.data(), static_cast<std::uint8_t*>(nullptr),
                                              out.data(), layout);
  auto const work = [&] { check(gpu::corrupt(nullptr, element)); };
  work();
  float host_out[64] = {};
  auto const on_host = make_corrupted_element(
      noise, values.data(), static_cast<std::uint8_t const*>(nullptr), host_out, layout);
  for (index_t i = 0; i < 64; ++i) { on_host(i); }
  std::vector<float> const got = out.host(64);
  for (std::size_t i = 0; i < 64; ++i) { expect(got[i] == host_out[i], "noise"); }
  double const bytes = 4.0 * static_cast<double>(n);
  measure(state, bytes, bytes, work);
}

/// A stable order of scores, fp32 keys with 64-bit indices.
void ranking(benchmark::State& state)
{
  index_t const n = state.range(0);
  std::vector<float> const values = pattern<float>(0, 9);
  device_column<float> const scores(n, values);
  device_column<index_t> const order(n, {0});
  auto const work = [&] {
    rank_easy_to_hard(thrust::cuda::par.on(cudaStream_t{}), scores.view(), order.view());
  };
  work();
  std::vector<index_t> const first = order.host(2);
  auto const score = [&](index_t i) { return values[static_cast<std::size_t>(i) % values.size()]; };
  expect(score(first[0]) <= score(first[1]), "order");
  measure(state, 4.0 * static_cast<double>(n), 8.0 * static_cast<double>(n), work);
}

void shapes(benchmark::internal::Benchmark* b)
{
  b->ArgNames({"rows", "vocabulary"})->UseManualTime()->Unit(benchmark::kMicrosecond);
  b->Args({8192, 32'000})->Args({4096, 128'256})->Args({4096, 151'936})->Args({8192, 50'257});
}
/// A pair of rows that shared memory holds, and one that it does not.
void pair_shapes(benchmark::internal::Benchmark* b)
{
  b->ArgNames({"rows", "vocabulary"})->UseManualTime()->Unit(benchmark::kMicrosecond);
  b->Args({8192, 32'000})->Args({4096, 128'256});
}
void sizes(benchmark::internal::Benchmark* b)
{
  b->UseManualTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK(forward<float>)->Name("log_probs/cuda/float")->Apply(shapes);
BENCHMARK(forward<__nv_bfloat16>)->Name("log_probs/cuda/bfloat16")->Apply(shapes);
BENCHMARK(backward<float>)->Name("logit_gradients/cuda/float")->Apply(shapes);
BENCHMARK(backward<__nv_bfloat16>)->Name("logit_gradients/cuda/bfloat16")->Apply(shapes);
BENCHMARK(fused<float>)->Name("log_probs_and_gradients/cuda/float")->Apply(shapes);
BENCHMARK(fused<__nv_bfloat16>)->Name("log_probs_and_gradients/cuda/bfloat16")->Apply(shapes);
BENCHMARK(divergences<float>)->Name("kl_divergences/cuda/float")->Apply(pair_shapes);
BENCHMARK(divergences<__nv_bfloat16>)->Name("kl_divergences/cuda/bfloat16")->Apply(pair_shapes);
BENCHMARK(divergence_gradients<float>)->Name("kl_gradients/cuda/float")->Apply(pair_shapes);
BENCHMARK(divergence_gradients<__nv_bfloat16>)
    ->Name("kl_gradients/cuda/bfloat16")
    ->Apply(pair_shapes);
BENCHMARK(step<__nv_bfloat16>)->Name("step/cuda/dpo/bfloat16")->Apply(shapes);
BENCHMARK(pairs<dpo<float>>)->Name("evaluate/cuda/dpo")->Apply(sizes)->Arg(100'000'000);
BENCHMARK(pairs<mfpo<float>>)->Name("evaluate/cuda/mfpo")->Apply(sizes)->Arg(100'000'000);
BENCHMARK(corruption)->Name("corrupt/cuda/diffusion")->Apply(sizes)->Arg(256);
BENCHMARK(ranking)->Name("rank_easy_to_hard/cuda/float")->Apply(sizes)->Arg(100'000'000);

}  // namespace

int main(int argc, char** argv)
{
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::fprintf(stderr, "%s: skipped: no CUDA device\n", argv[0]);
    return 4;
  }
  return run_benchmarks(argc, argv);
}
