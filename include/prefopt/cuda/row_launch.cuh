// SPDX-License-Identifier: MIT
#pragma once
/// \file  Work on the rows of a matrix: a block for each long row, a warp for each short one.

#include <cuda_runtime.h>

#include <cstddef>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/cuda/block_executor.cuh>
#include <prefopt/cuda/launch.cuh>
#include <prefopt/cuda/row_stage.cuh>
#include <prefopt/cuda/warp_executor.cuh>

namespace prefopt::gpu {

/// Rows up to this long get a warp, longer ones a block. At 1024 a block of 256 threads has one
/// 16-byte access of fp32 for each thread, and eight warps have eight rows. Our choice, not
/// measured.
inline constexpr index_t longest_warp_row = 1024;

/// Threads of a block that keeps its row in shared memory: where that leaves room for no second
/// block, one must keep enough loads under way. Our choice, not measured.
inline constexpr int staging_threads = 512;

namespace detail {

/// Blocks of `block_threads` that a multiprocessor should have room for: the bound on registers.
inline constexpr int resident_blocks = 4;

/// `job(executor, i)` for every row i, called by all lanes of the executor.
template <class State, class Job>
PREFOPT_KERNEL void __launch_bounds__(block_threads, resident_blocks)
    block_row_kernel(Job job, index_t rows)
{
  using executor = block_executor<block_threads, State>;
  __shared__ typename executor::shared_storage shared;
  executor ex(shared);
  for (index_t i = blockIdx.x; i < rows; i += gridDim.x) { job(ex, i); }
}

template <class State, class Job>
PREFOPT_KERNEL void __launch_bounds__(block_threads, resident_blocks)
    warp_row_kernel(Job job, index_t rows)
{
  using executor = warp_executor<State>;
  constexpr int warps = block_threads / executor::lanes;
  __shared__ typename executor::shared_storage shared[warps];
  int const warp = static_cast<int>(threadIdx.x) / executor::lanes;
  executor ex(shared[warp]);
  index_t const step = index_t(gridDim.x) * warps;
  for (index_t i = index_t(blockIdx.x) * warps + warp; i < rows; i += step) { job(ex, i); }
}

/// The same with `capacity` accesses of each row, or pair of rows, kept in dynamic shared memory.
template <class State, class Stage, class Job>
PREFOPT_KERNEL void __launch_bounds__(staging_threads, Stage::resident_blocks)
    staging_block_row_kernel(Job job, index_t rows, stage_size capacity)
{
  using executor = block_executor<staging_threads, State, Stage>;
  extern __shared__ uint4 stage[];
  __shared__ typename executor::shared_storage shared;
  executor ex(shared, {stage, capacity});
  for (index_t i = blockIdx.x; i < rows; i += gridDim.x) {
    job(ex, i);
    ex.barrier();  // before the next row is kept where this one was
  }
}

template <class State, class Stage, class Job>
PREFOPT_KERNEL void __launch_bounds__(block_threads, 2)
    staging_warp_row_kernel(Job job, index_t rows, stage_size capacity)
{
  using executor = warp_executor<State, Stage>;
  constexpr int warps = block_threads / executor::lanes;
  extern __shared__ uint4 stage[];
  __shared__ typename executor::shared_storage shared[warps];
  int const warp = static_cast<int>(threadIdx.x) / executor::lanes;
  executor ex(shared[warp], {stage + warp * capacity.total(), capacity});
  index_t const step = index_t(gridDim.x) * warps;
  for (index_t i = index_t(blockIdx.x) * warps + warp; i < rows; i += step) {
    job(ex, i);
    ex.barrier();
  }
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

/// Bytes of dynamic shared memory that a block of `kernel` may have, and has permission for from
/// now on. The host asks its own tables: nothing waits, and a stream may be capturing. The bound
/// is always the same, so that host threads that launch at once do not lower each other's.
template <class... Parameters>
[[nodiscard]] cudaError_t permit_shared_memory(void (*kernel)(Parameters...), index_t& bytes)
{
  constexpr index_t static_bytes = 1024;  // more than an executor has
  int device = 0;
  int most = 0;
  cudaError_t status = cudaGetDevice(&device);
  if (status == cudaSuccess) {
    status = cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  }
  if (status != cudaSuccess) { return status; }
  bytes = most - static_bytes;
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                              static_cast<int>(bytes));
}

/// The accesses of a row of `cols` numbers, or of a pair of rows.
template <class First, class... Second>
constexpr stage_size whole_rows(index_t cols)
{
  constexpr auto accesses = [](index_t bytes) { return (bytes + access_bytes - 1) / access_bytes; };
  return {accesses(cols * index_t(sizeof(First))),
          (accesses(cols * index_t(sizeof(Second))) + ... + 0)};
}

/// As much of them as there is room for, the same share of each.
constexpr stage_size fitting(stage_size const& wanted, index_t room)
{
  if (wanted.total() <= room) { return wanted; }
  index_t const first = room * wanted.first / wanted.total();
  return {first, wanted.second == 0 ? 0 : room - first};
}

/// `for_each_row` for jobs that go through their rows several times: of each row, or pair of rows,
/// shared memory keeps as much of `wanted` as a block may have.
template <class State, class Stage, class Job>
[[nodiscard]] cudaError_t for_each_kept_row(cudaStream_t stream, index_t rows, index_t cols,
                                            stage_size const& wanted, Job const& job)
{
  if (rows == 0) { return cudaSuccess; }
  bool const by_block = cols > longest_warp_row;
  int const per_block = by_block ? 1 : block_threads / warp_executor<State>::lanes;
  auto const kernel = by_block ? staging_block_row_kernel<State, Stage, Job>
                               : staging_warp_row_kernel<State, Stage, Job>;
  index_t most = 0;
  cudaError_t const status = permit_shared_memory(kernel, most);
  if (status != cudaSuccess) { return status; }
  stage_size const capacity = fitting(wanted, most / (access_bytes * per_block));
  return launch_with_memory(stream, blocks_for(rows, per_block),
                            by_block ? staging_threads : block_threads,
                            static_cast<std::size_t>(capacity.total() * access_bytes * per_block),
                            kernel, job, rows, capacity);
}

}  // namespace detail
}  // namespace prefopt::gpu
