// SPDX-License-Identifier: MIT
#pragma once
/// \file  On the GPU: divergences of two models' rows, and a whole step from logits to their
/// gradient.

#include <cuda_runtime.h>

#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/cuda/evaluate.cuh>
#include <prefopt/cuda/kl_rows.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/cuda/sequence.cuh>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/row/kl.hpp>

#include "device.cuh"

namespace {

/// Logits of two models.
template <class Stored>
struct row_pairs_at {
  index_t count, vocabulary;
  device_column<Stored> policy, reference, gradient;
  device_column<float> kl, seed;

  explicit row_pairs_at(benchmark::State const& state)
      : count(state.range(0)),
        vocabulary(state.range(1)),
        policy(count * vocabulary, pattern<Stored>(-8, 8)),
        reference(count * vocabulary, pattern<Stored>(-7, 7)),
        gradient(count * vocabulary, std::vector<Stored>(1 << 20)),
        kl(count, {0.0f}),
        seed(count, {0.75f})
  {
    compare();
    differentiate();
    auto const n = static_cast<std::size_t>(vocabulary);
    std::vector<Stored> const x = policy.host(n), z = reference.host(n), got = gradient.host(n);
    std::vector<double> want(n);
    serial_executor serial;
    vector_view<Stored const> const p(x.data(), vocabulary), q(z.data(), vocabulary);
    auto const rows = row_kl<double>(serial, p, q);
    row_kl_gradient<double>(serial, p, q, vector_view<double>(want.data(), vocabulary), rows,
                            {.d_reference_to_policy = 0.75});
    expect(near(kl.host(1)[0], rows.kl.reference_to_policy), "divergence");
    for (std::size_t j = 0; j < n; ++j) {
      double const error = std::abs(detail::to_real<double>(got[j]) - want[j]);
      expect(error <= 1e-5 + 0x1p-8 * std::abs(want[j]), "gradient of the divergence");
    }
  }
  matrix_view<Stored const, device_memory> of(device_column<Stored> const& logits) const
  {
    return {logits.data(), count, vocabulary};
  }
  double bytes() const
  {
    return static_cast<double>(count) * static_cast<double>(vocabulary) * sizeof(Stored);
  }
  void compare() const
  {
    check(gpu::kl_divergences(nullptr, of(policy), of(reference),
                              {.reference_to_policy = kl.view()}));
  }
  void differentiate() const
  {
    check(gpu::kl_gradients(
        nullptr, of(policy), of(reference), {.d_reference_to_policy = seed.view()},
        matrix_view<Stored, device_memory>(gradient.data(), count, vocabulary)));
  }
};

template <class Stored>
void divergences(benchmark::State& state)
{
  row_pairs_at<Stored> const r(state);
  measure(state, 2 * r.bytes(), 0, [&] { r.compare(); });
}
template <class Stored>
void divergence_gradients(benchmark::State& state)
{
  row_pairs_at<Stored> const r(state);
  measure(state, 2 * r.bytes(), r.bytes(), [&] { r.differentiate(); });
}

/// DPO on sequences of 64 tokens, the chosen ones first: log-probabilities, sums, loss, seeds,
/// gradient of the logits. It must read the logits twice, since the loss needs whole sequences, and
/// write the gradient.
template <class Stored>
void step(benchmark::State& state)
{
  constexpr index_t length = 64;
  index_t const count = state.range(0);
  index_t const vocabulary = state.range(1);
  index_t const pairs = count / length / 2;
  device_column<Stored> const logits(count * vocabulary, pattern<Stored>(-8, 8));
  device_column<Stored> const gradient(count * vocabulary, std::vector<Stored>(1 << 20));
  device_column<std::int32_t> const targets(count, {5, 17, 3});
  device_column<float> const log_prob(count, {0.0f}), entropy(count, {0.0f}),
      log_normalizer(count, {0.0f}), seeds(count, {0.0f});
  device_column<float> const sums(2 * pairs, {0.0f}), reference(2 * pairs, {-700.0f, -690.0f}),
      d_sums(2 * pairs, {0.0f}), loss(pairs, {0.0f});
  auto const half = [pairs](device_column<float> const& column, index_t k) {
    return vector_view<float, device_memory>(column.data() + k * pairs, pairs);
  };
  dpo<float> const objective{.beta = 0.1f};
  auto const work = [&] {
    matrix_view<Stored const, device_memory> const x(logits.data(), count, vocabulary);
    padded_sequences const layout{2 * pairs, length};
    check(gpu::log_probs(nullptr, x, targets.view(),
                         {log_prob.view(), entropy.view(), log_normalizer.view()}));
    check(gpu::sequence_sums<float>(nullptr, layout, {.log_prob = log_prob.view()},
                                    {.sum = sums.view()}));
    check(gpu::evaluate(nullptr, objective,
                        {.chosen = half(sums, 0),
                         .rejected = half(sums, 1),
                         .ref_chosen = half(reference, 0),
                         .ref_rejected = half(reference, 1)},
                        {.value = loss.view(),
                         .gradient = {.chosen = half(d_sums, 0), .rejected = half(d_sums, 1)}},
                        {.scale = 1.0f / static_cast<float>(pairs)}));
    check(gpu::token_seeds<float>(nullptr, layout, {}, d_sums.view(), seeds.view()));
    check(gpu::logit_gradients(
        nullptr, x, targets.view(), {.d_log_prob = seeds.view()},
        matrix_view<Stored, device_memory>(gradient.data(), count, vocabulary),
        {.forward = {log_prob.view(), entropy.view(), log_normalizer.view()}}));
  };
  work();

  // The first row and the first pair, on the host.
  auto const n = static_cast<std::size_t>(vocabulary);
  std::vector<Stored> const x = logits.host(n), got = gradient.host(n);
  std::vector<double> want(n);
  serial_executor serial;
  vector_view<Stored const> const row(x.data(), vocabulary);
  auto const result = row_log_prob<double>(serial, row, 5);
  expect(near(log_prob.host(1)[0], result.log_prob), "log_prob");
  std::vector<float> const tokens = log_prob.host(static_cast<std::size_t>(count));
  double summed[2] = {0, 0};
  for (index_t k = 0; k < 2; ++k) {
    for (index_t t = 0; t < length; ++t) {
      summed[k] += tokens[static_cast<std::size_t>(k * pairs * length + t)];
    }
  }
  double in[4] = {summed[0], summed[1], reference.host(static_cast<std::size_t>(pairs) + 1)[0],
                  reference.host(static_cast<std::size_t>(pairs) + 1).back()};
  double out[3] = {};
  auto const one = [](double* at) { return vector_view<double>(at, 1); };
  evaluate<double>(
      dpo<double>{.beta = static_cast<double>(objective.beta)},
      {.chosen = one(in),
       .rejected = one(in + 1),
       .ref_chosen = one(in + 2),
       .ref_rejected = one(in + 3)},
      {.value = one(out), .gradient = {.chosen = one(out + 1), .rejected = one(out + 2)}},
      {.scale = 1.0 / static_cast<double>(pairs)});
  expect(near(loss.host(1)[0], out[0]), "loss of a pair");
  row_log_prob_gradient<double>(serial, row, vector_view<double>(want.data(), vocabulary), 5,
                                result, {.d_log_prob = out[1]});
  for (std::size_t j = 0; j < n; ++j) {
    double const error = std::abs(detail::to_real<double>(got[j]) - want[j]);
    expect(error <= 1e-5 * std::abs(out[1]) + 0x1p-8 * std::abs(want[j]), "gradient of a step");
  }

  double const bytes =
      static_cast<double>(count) * static_cast<double>(vocabulary) * sizeof(Stored);
  measure(state, 2 * bytes, bytes, work);
}

}  // namespace
