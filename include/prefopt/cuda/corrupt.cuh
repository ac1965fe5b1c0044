// SPDX-License-Identifier: MIT
#pragma once
/// \file  Corruption of a tensor in device memory.

#include <cuda_runtime.h>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/cuda/launch.cuh>
#include <prefopt/image/corruption.hpp>

namespace prefopt::gpu {
namespace detail {

template <class Element>
PREFOPT_KERNEL void __launch_bounds__(block_threads) corrupt_kernel(Element element, index_t count)
{
  index_t const step = index_t(gridDim.x) * block_threads;
  for (index_t i = index_t(blockIdx.x) * block_threads + threadIdx.x; i < count; i += step) {
    element(i);
  }
}

}  // namespace detail

/// Enqueues the corruption of a whole tensor; the bits are those of `prefopt::corrupt`.
///
///     cudaError_t const status = gpu::corrupt(
///         stream, make_corrupted_element(noise, in, mask, out, layout));
///
/// `in`, `mask` (null = everywhere) and `out` lie in device memory and have the sizes of the
/// layout; `out` may be `in` unless the corruption reads neighbours. Throws std::invalid_argument
/// for a layout without elements. Returns the status of the launch; allocates nothing and waits for
/// nothing.
template <corruption Corruption, class Stored, class Read>
[[nodiscard]] cudaError_t corrupt(cudaStream_t stream,
                                  corrupted_element<Corruption, Stored, Read> const& element)
{
  prefopt::detail::require_layout("gpu::corrupt", element.original.layout);
  index_t const count = element.original.layout.elements();
  return detail::launch(
      stream, detail::blocks_for(count, detail::block_threads), detail::block_threads,
      detail::corrupt_kernel<corrupted_element<Corruption, Stored, Read>>, element, count);
}

}  // namespace prefopt::gpu
