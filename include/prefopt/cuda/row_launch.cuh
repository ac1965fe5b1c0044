// SPDX-License-Identifier: MIT
#pragma once
/// \file  Work on the rows of a matrix: a block for each long row, a warp for each short one.

#include <cuda_runtime.h>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/cuda/block_executor.cuh>
#include <prefopt/cuda/launch.cuh>
#include <prefopt/cuda/warp_executor.cuh>

namespace prefopt::gpu {

/// Rows up to this long get a warp, longer ones a block. At 1024 a block of 256 threads has one
/// 16-byte access of fp32 for each thread, and eight warps have eight rows. Our choice, not
/// measured.
inline constexpr index_t longest_warp_row = 1024;

namespace detail {

/// `job(executor, i)` for every row i, called by all lanes of the executor.
template <class State, class Job>
PREFOPT_KERNEL void __launch_bounds__(block_threads) block_row_kernel(Job job, index_t rows)
{
  using executor = block_executor<block_threads, State>;
  __shared__ typename executor::shared_storage shared;
  executor ex(shared);
  for (index_t i = blockIdx.x; i < rows; i += gridDim.x) { job(ex, i); }
}

template <class State, class Job>
PREFOPT_KERNEL void __launch_bounds__(block_threads) warp_row_kernel(Job job, index_t rows)
{
  using executor = warp_executor<State>;
  constexpr int warps = block_threads / executor::lanes;
  __shared__ typename executor::shared_storage shared[warps];
  int const warp = static_cast<int>(threadIdx.x) / executor::lanes;
  executor ex(shared[warp]);
  index_t const step = index_t(gridDim.x) * warps;
  for (index_t i = index_t(blockIdx.x) * warps + warp; i < rows; i += step) { job(ex, i); }
}

template <class State, class Job>
[[nodiscard]] cudaError_t for_each_row(cudaStream_t stream, index_t rows, index_t cols,
                                       Job const& job)
{
  if (cols > longest_warp_row) {
    return launch(stream, blocks_for(rows, 1), block_threads, block_row_kernel<State, Job>, job,
                  rows);
  }
  return launch(stream, blocks_for(rows, block_threads / warp_executor<State>::lanes),
                block_threads, warp_row_kernel<State, Job>, job, rows);
}

}  // namespace detail
}  // namespace prefopt::gpu
