// SPDX-License-Identifier: MIT
#pragma once
/// \file  Loss and gradient of a batch in device memory.

#include <cuda_runtime.h>

#include <prefopt/config.hpp>
#include <prefopt/core/columns.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/loss.hpp>
#include <prefopt/cuda/launch.cuh>

namespace prefopt::gpu {
namespace detail {

template <class Loss, class Real>
PREFOPT_KERNEL void __launch_bounds__(block_threads)
    evaluate_kernel(prefopt::detail::evaluate_sample<Loss, Real, device_memory> sample,
                    index_t count)
{
  index_t const step = index_t(gridDim.x) * block_threads;
  for (index_t i = index_t(blockIdx.x) * block_threads + threadIdx.x; i < count; i += step) {
    sample(i);
  }
}

}  // namespace detail

/// Enqueues loss and gradient of every sample of a batch whose columns lie in device memory.
///
///     cudaError_t const status = gpu::evaluate(
///         stream, dpo<float>{.beta = 0.1f},
///         {.chosen = pc, .rejected = pr, .ref_chosen = rc, .ref_rejected = rr},
///         {.value = loss, .gradient = {.chosen = dc, .rejected = dr}});
///
/// Formulas, options and precision are those of `prefopt::evaluate`, whose body each thread runs;
/// `options.threads` has no meaning here. Throws `std::invalid_argument` on the host, before
/// anything is enqueued, when a column is missing or of another length. Returns the status of the
/// launch; allocates nothing and waits for nothing. No samples, no launch.
template <class Real = void, class Loss>
[[nodiscard]] cudaError_t evaluate(
    cudaStream_t stream, Loss const& loss,
    input_columns<Loss, prefopt::detail::precision<Real, Loss>, device_memory> const& in,
    output_columns<Loss, prefopt::detail::precision<Real, Loss>, device_memory> const& out,
    options_of<Loss, prefopt::detail::precision<Real, Loss>, device_memory> const& options = {})
{
  using real = prefopt::detail::precision<Real, Loss>;
  static_assert(check_loss<Loss, real>());
  index_t const count = prefopt::detail::checked_extent<Loss, real, device_memory>(
      "gpu::evaluate", loss, in, out, options);
  auto const sample =
      prefopt::detail::make_evaluate_sample<Loss, real, device_memory>(loss, in, out, options);
  return detail::launch(stream, detail::blocks_for(count, detail::block_threads),
                        detail::block_threads, detail::evaluate_kernel<Loss, real>, sample, count);
}

}  // namespace prefopt::gpu
