// SPDX-License-Identifier: MIT
#pragma once
/// \file  How every kernel of the library is launched.

#include <cuda_runtime.h>

#include <cstddef>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt::gpu::detail {

/// Threads of a block in all kernels.
inline constexpr int block_threads = 256;

/// Blocks that share `work` items, `per_block` at a time. Kernels stride over the grid, so the
/// bound only has to be enough to fill any device, and more items than a grid may have blocks are
/// no special case.
constexpr unsigned blocks_for(index_t work, index_t per_block)
{
  constexpr index_t most = 65'535;
  index_t const wanted = work / per_block + (work % per_block != 0);
  return static_cast<unsigned>(wanted < most ? wanted : most);
}

/// Enqueues `kernel(arguments...)` with so many bytes of dynamic shared memory.
template <class... Parameters>
[[nodiscard]] cudaError_t launch_with_memory(cudaStream_t stream, unsigned blocks, unsigned threads,
                                             std::size_t shared_bytes,
                                             void (*kernel)(Parameters...),
                                             std::type_identity_t<Parameters> const&... arguments)
{
  if (blocks == 0) { return cudaSuccess; }
  void* pointers[] = {const_cast<void*>(static_cast<void const*>(&arguments))...};
  return cudaLaunchKernel(kernel, dim3(blocks), dim3(threads), pointers, shared_bytes, stream);
}

/// Enqueues `kernel(arguments...)` and returns the status of this launch alone: unlike
/// `kernel<<<...>>>` with `cudaGetLastError()` it neither reports nor clears an earlier error.
template <class... Parameters>
[[nodiscard]] cudaError_t launch(cudaStream_t stream, unsigned blocks, unsigned threads,
                                 void (*kernel)(Parameters...),
                                 std::type_identity_t<Parameters> const&... arguments)
{
  return launch_with_memory(stream, blocks, threads, 0, kernel, arguments...);
}

}  // namespace prefopt::gpu::detail
