// SPDX-License-Identifier: MIT
/// \file  The kernels whose registers docs/cuda.md lists. Compiled with -Xptxas -v, never run.

#include <prefopt/cuda/evaluate.cuh>
#include <prefopt/cuda/head.cuh>
#include <prefopt/cuda/kl_rows.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/cuda/sequence.cuh>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>

using namespace prefopt;

template <class Logit, class Target>
cudaError_t rows(matrix_view<Logit, device_memory> x, vector_view<Target const, device_memory> y,
                 vector_view<float, device_memory> c)
{
  log_prob_columns<float, device_memory> const all{c, c, c};
  log_prob_seed_columns<float, device_memory> const seeds{.d_log_prob = c};
  (void)gpu::log_probs(nullptr, x, y, all);
  (void)gpu::logit_gradients(nullptr, x, y, seeds, x, {.forward = {c, c, c}});
  return gpu::log_probs_and_gradients(nullptr, x, y, seeds, all, x);
}
template cudaError_t rows(matrix_view<float, device_memory>, vector_view<int const, device_memory>,
                          vector_view<float, device_memory>);
template cudaError_t rows(matrix_view<__nv_bfloat16, device_memory>,
                          vector_view<int const, device_memory>, vector_view<float, device_memory>);
cudaError_t divergences(matrix_view<__nv_bfloat16, device_memory> x,
                        vector_view<float, device_memory> c)
{
  (void)gpu::kl_divergences(nullptr, x, x, {c, c});
  return gpu::kl_gradients(nullptr, x, x, {c, c}, x);
}
cudaError_t pairs(vector_view<float, device_memory> c)
{
  (void)gpu::evaluate(nullptr, dpo<float>{},
                      {.chosen = c, .rejected = c, .ref_chosen = c, .ref_rejected = c},
                      {.value = c});
  return gpu::evaluate(nullptr, mfpo<float>{}, {.chosen = c}, {.value = c});
}
cudaError_t tokens(packed_sequences<int, device_memory> s, vector_view<float, device_memory> c)
{
  (void)gpu::sequence_sums(nullptr, s, {.log_prob = c}, {.sum = c});
  return gpu::token_seeds(nullptr, s, {}, c, c);
}

/// Takes the place of a library's product.
struct no_gemm {
  cudaError_t operator()(auto const&...) const { return cudaSuccess; }
};
template <class Stored>
cudaError_t head(matrix_view<Stored, device_memory> h, vector_view<int const, device_memory> y,
                 vector_view<float, device_memory> c, matrix_view<float, device_memory> d,
                 vector_view<std::byte, device_memory> memory)
{
  head_options<float, device_memory> options{.bias = c};
  (void)gpu::head_log_probs(nullptr, no_gemm{}, h, h, y, {c, c, c}, options, memory);
  options.rows.forward = {c, c, c};
  return gpu::head_gradients(nullptr, no_gemm{}, h, h, y, {.d_log_prob = c}, {d, d, c}, options,
                             memory);
}
template cudaError_t head(matrix_view<float, device_memory>, vector_view<int const, device_memory>,
                          vector_view<float, device_memory>, matrix_view<float, device_memory>,
                          vector_view<std::byte, device_memory>);
template cudaError_t head(matrix_view<__nv_bfloat16, device_memory>,
                          vector_view<int const, device_memory>, vector_view<float, device_memory>,
                          matrix_view<float, device_memory>, vector_view<std::byte, device_memory>);
