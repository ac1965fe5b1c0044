// SPDX-License-Identifier: MIT
// One MFPO step on a stream, from logits to the gradient of the logits, without waiting in between.
#include <cstdio>
#include <cstdlib>

#include <thrust/device_vector.h>

#include <prefopt/adapters/thrust.hpp>
#include <prefopt/cuda/evaluate.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/cuda/sequence.cuh>
#include <prefopt/losses/mfpo.hpp>

#include "expect.hpp"

using namespace prefopt;

/// Stops the program with CUDA's sentence; a trainer has its own way.
void check(cudaError_t status)
{
  if (status != cudaSuccess) {
    std::fprintf(stderr, "%s\n", cudaGetErrorString(status));
    std::exit(1);
  }
}

int main()
{
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::puts("skipped: no CUDA device");
    return 0;
  }
  // Six sequences of four tokens: two pairs, as chosen, rejected and chosen under a noised image.
  index_t const pairs = 2, length = 4, vocabulary = 32000;
  padded_sequences const layout{3 * pairs, length};
  index_t const tokens = layout.count * length;
  thrust::device_vector<float> logits(static_cast<std::size_t>(tokens * vocabulary), 0.5f);
  thrust::device_vector<int> const targets(static_cast<std::size_t>(tokens), 7);
  thrust::device_vector<float> const reference(layout.count, -41.0f);
  thrust::device_vector<float> log_prob(tokens), entropy(tokens), log_normalizer(tokens);
  thrust::device_vector<float> sum(layout.count), d_sum(layout.count), seed(tokens), loss(pairs);
  check(cudaDeviceSynchronize());  // Thrust filled the vectors on the default stream

  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  matrix_view<float, device_memory> const rows(thrust::raw_pointer_cast(logits.data()), tokens,
                                               vocabulary);
  // [step]
  check(
      gpu::log_probs(stream, rows, targets,
                     {.log_prob = log_prob, .entropy = entropy, .log_normalizer = log_normalizer}));
  check(gpu::sequence_sums(stream, layout, {.log_prob = log_prob}, {.sum = sum}));

  vector_view<float const, device_memory> const policy(sum), frozen(reference);
  vector_view<float, device_memory> const d_policy(d_sum);
  check(gpu::evaluate(stream, mfpo<float>{.beta = 0.1f},
                      {.chosen = policy.part(0, pairs),
                       .rejected = policy.part(pairs, pairs),
                       .perturbed = {policy.part(2 * pairs, pairs)},
                       .ref_chosen = frozen.part(0, pairs),
                       .ref_rejected = frozen.part(pairs, pairs),
                       .ref_perturbed = {frozen.part(2 * pairs, pairs)}},
                      {.value = loss,
                       .gradient = {.chosen = d_policy.part(0, pairs),
                                    .rejected = d_policy.part(pairs, pairs),
                                    .perturbed = {d_policy.part(2 * pairs, pairs)}}},
                      {.scale = 1.0f / static_cast<float>(pairs)}));

  check(gpu::token_seeds(stream, layout, {}, d_sum, seed));
  check(gpu::logit_gradients(
      stream, rows, targets, {.d_log_prob = seed}, rows,  // in place
      {.forward = {.log_prob = log_prob, .entropy = entropy, .log_normalizer = log_normalizer}}));
  // [step]
  check(cudaStreamSynchronize(stream));
  // Uniform logits: log p = -log 32000 for every token.
  int wrong = expect("MFPO loss of the first pair", loss[0], 2.104444748);
  wrong += expect("dL/dlogit of the first target", logits[7], -0.075614967);
  check(cudaStreamDestroy(stream));
  return wrong;
}
