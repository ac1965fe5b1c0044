// SPDX-License-Identifier: MIT
#pragma once
/// \file  The C functions through which prefopt stands beside its peers in one process: compiled
/// into one small library for each set of flags, loaded by the C++ drivers and by Python's ctypes.

#include <cstdint>

#pragma GCC visibility push(default)
extern "C" {

/// Logits in row-major order, as fp32 or (bf16 != 0) bf16.
struct prefopt_rows {
  void const* logits;
  std::int64_t rows;
  std::int64_t vocabulary;
  std::int64_t const* targets;
  std::int32_t bf16;
  std::int32_t threads;
};

/// `entropy` may be null.
void prefopt_log_probs(prefopt_rows const* in, float* log_prob, float* entropy,
                       float* log_normalizer);
/// Forward, then gradient. `d_entropy` may be null, `entropy` is written all the same: a gradient
/// that is given all three columns does not read the logits twice. `gradient` may be the logits.
void prefopt_log_probs_and_gradients(prefopt_rows const* in, float* log_prob, float* entropy,
                                     float* log_normalizer, float const* d_log_prob,
                                     float const* d_entropy, void* gradient);
/// Gradient alone, from what a forward pass left.
void prefopt_gradients(prefopt_rows const* in, float const* log_prob, float const* entropy,
                       float const* log_normalizer, float const* d_log_prob, float const* d_entropy,
                       void* gradient);

/// Columns of `count` pairs, in: chosen, rejected, noised and their references (MFPO), out: loss
/// and gradients of chosen, rejected, noised. DPO leaves the noised ones alone.
struct prefopt_pairs {
  float const* in[6];
  float* out[4];
  std::int64_t count;
  std::int32_t threads;
};
void prefopt_dpo(prefopt_pairs const* pairs);
void prefopt_mfpo(prefopt_pairs const* pairs);
/// The same as one writes them: a loop over pairs with std::exp and std::log1p.
void prefopt_scalar_dpo(prefopt_pairs const* pairs);
void prefopt_scalar_mfpo(prefopt_pairs const* pairs);
/// Through thrust::omp::par; does nothing in builds without Thrust.
void prefopt_thrust_dpo(prefopt_pairs const* pairs);
void prefopt_thrust_mfpo(prefopt_pairs const* pairs);
std::int32_t prefopt_has_thrust();

/// What follows the model in a DPO step: logits of 2 `pairs` sequences as long, the chosen ones
/// first, rows with target -100 left out; log-probabilities, their sums, loss, seeds, gradient of
/// the mean loss. `token` holds four numbers per row, `sequence` three per sequence.
void prefopt_dpo_step(prefopt_rows const* in, std::int64_t pairs, float const* reference,
                      float* token, float* sequence, void* gradient);

/// A row- or column-major matrix of fp32 or bf16, strides in elements.
struct prefopt_matrix {
  void* data;
  std::int64_t rows, columns, row_stride, column_stride;
};
/// c = a b, or c += a b, in fp32.
using prefopt_product = void(prefopt_matrix const* a, prefopt_matrix const* b,
                             prefopt_matrix const* c, std::int32_t accumulate);

/// Hidden states [rows, width] and head [vocabulary, width], fp32 or bf16, with a peer's own matrix
/// product: `sgemm`, in Fortran's convention (fp32), or `product`.
struct prefopt_head {
  void const* hidden;
  void const* weight;
  std::int64_t const* targets;
  std::int64_t rows, width, vocabulary;
  void const* sgemm;
  prefopt_product* product;
  std::int32_t bf16;
  std::int32_t threads;
};
/// Bytes of workspace of both functions.
std::int64_t prefopt_head_workspace(prefopt_head const* head);
void prefopt_head_log_probs(prefopt_head const* head, float* log_prob, float* entropy,
                            float* log_normalizer, void* workspace);
/// The gradients are fp32; `d_entropy` may be null.
void prefopt_head_log_probs_and_gradients(prefopt_head const* head, float* log_prob, float* entropy,
                                          float* log_normalizer, float const* d_log_prob,
                                          float const* d_entropy, float* d_hidden, float* d_weight,
                                          void* workspace);
/// The bare product [rows, vocabulary] = hidden weight^T: the roofline of a head.
void prefopt_head_product(prefopt_head const* head, float* logits);

void prefopt_roofline_read(void const* from, std::int64_t bytes, std::int32_t threads);
void prefopt_roofline_copy(void const* from, void* to, std::int64_t bytes, std::int32_t threads);

/// Compiler and flags; null in a build with assertions, which must not be timed.
char const* prefopt_build();

}  // extern "C"
#pragma GCC visibility pop
