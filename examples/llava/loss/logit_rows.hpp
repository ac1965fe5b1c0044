// SPDX-License-Identifier: MIT
#pragma once
/// \file  The library's row functions on the device that holds the logits.

#include <vector>

#include <prefopt/row/rows.hpp>

#include "llava/model/device.hpp"

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#include <stdexcept>
#include <string>

#include <prefopt/cuda/rows.cuh>
#else
#include <omp.h>
#endif

namespace llava {

/// Token log-probabilities and entropies of a block of logits, and its gradient in place.
template <class Real>
class logit_rows {
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
  using space = prefopt::device_memory;
#else
  using space = prefopt::host_memory;
#endif

 public:
  /// Scores row i of `logits` [targets, vocab] against targets[i].
  void forward(buffer<Real> const& logits, std::vector<index_t> const& targets, index_t vocab)
  {
    auto const rows = static_cast<index_t>(targets.size());
    vocab_ = vocab;
    upload(targets, targets_);
    for (auto* column : {&log_prob_, &entropy_, &log_normalizer_}) { column->resize(rows); }
    prefopt::matrix_view<Real const, space> const x(logits.data(), rows, vocab);
    prefopt::log_prob_columns<Real, space> const out{view(log_prob_), view(entropy_),
                                                     view(log_normalizer_)};
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    check(prefopt::gpu::log_probs(cudaStream_t{}, x, target_view(), out));
#else
    prefopt::log_probs(x, target_view(), out, {.threads = omp_get_max_threads()});
#endif
    host_log_prob_ = download(log_prob_);
    host_entropy_ = download(entropy_);
  }

  /// Of the last forward(), on the host.
  std::vector<Real> const& log_prob() const { return host_log_prob_; }
  std::vector<Real> const& entropy() const { return host_entropy_; }

  /// Overwrites the logits of the last forward() by the gradient for dL/d(log_prob) = `seeds`.
  void backward(buffer<Real>& logits, std::vector<Real> const& seeds)
  {
    upload(seeds, seeds_);
    prefopt::matrix_view<Real, space> const x(logits.data(), seeds_.size(), vocab_);
    prefopt::log_prob_seed_columns<Real, space> const d{.d_log_prob = read(seeds_)};
    prefopt::row_options<Real, space> options{
        .forward = {read(log_prob_), read(entropy_), read(log_normalizer_)}};
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
    check(prefopt::gpu::logit_gradients(cudaStream_t{}, x, target_view(), d, x, options));
#else
    options.threads = omp_get_max_threads();
    prefopt::logit_gradients(x, target_view(), d, x, options);
#endif
  }

 private:
  static prefopt::vector_view<Real, space> view(buffer<Real>& b) { return {b.data(), b.size()}; }
  static prefopt::vector_view<Real const, space> read(buffer<Real> const& b)
  {
    return {b.data(), b.size()};
  }
  prefopt::vector_view<index_t const, space> target_view() const
  {
    return {targets_.data(), targets_.size()};
  }
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
  static void check(cudaError_t status)
  {
    if (status != cudaSuccess) {
      throw std::runtime_error(std::string("logit rows on the GPU: ") + cudaGetErrorString(status));
    }
  }
#endif

  index_t vocab_ = 0;
  buffer<index_t> targets_;
  buffer<Real> log_prob_, entropy_, log_normalizer_, seeds_;
  std::vector<Real> host_log_prob_, host_entropy_;
};

}  // namespace llava
