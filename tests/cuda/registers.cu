// SPDX-License-Identifier: MIT
/// \file  The kernels whose registers docs/cuda.md lists. Compiled with -Xptxas -v, never run.

#include <prefopt/cuda/evaluate.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/cuda/sequence.cuh>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>

using namespace prefopt;

template <class Logit>
cudaError_t rows(matrix_view<Logit, device_memory> x, vector_view<int const, device_memory> y,
                 vector_view<float, device_memory> c)
{
  cudaError_t e = gpu::log_probs(nullptr, x, y, {.log_prob = c, .entropy = c, .log_normalizer = c});
  return e != cudaSuccess ? e : gpu::logit_gradients(nullptr, x, y, {.d_log_prob = c}, x);
}
template cudaError_t rows(matrix_view<float, device_memory>, vector_view<int const, device_memory>,
                          vector_view<float, device_memory>);
template cudaError_t rows(matrix_view<__nv_bfloat16, device_memory>,
                          vector_view<int const, device_memory>, vector_view<float, device_memory>);
cudaError_t pairs(vector_view<float, device_memory> c)
{
  (void)gpu::evaluate(nullptr, dpo<float>{}, {c, c, {}, c, c}, {.value = c});
  return gpu::evaluate(nullptr, mfpo<float>{}, {.chosen = c}, {.value = c});
}
cudaError_t tokens(packed_sequences<int, device_memory> s, vector_view<float, device_memory> c)
{
  (void)gpu::sequence_sums(nullptr, s, {.log_prob = c}, {.sum = c});
  return gpu::token_seeds(nullptr, s, {}, c, c);
}
