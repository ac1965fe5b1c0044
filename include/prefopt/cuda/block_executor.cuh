// SPDX-License-Identifier: MIT
#pragma once
/// \file  A thread block as a row executor: for long rows.

#include <cub/block/block_reduce.cuh>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/cuda/lane_loop.cuh>
#include <prefopt/cuda/lane_pairs.cuh>
#include <prefopt/cuda/lane_stats.cuh>
#include <prefopt/cuda/row_stage.cuh>
#include <prefopt/row/executor.hpp>
#include <prefopt/row/logit_stats.hpp>

namespace prefopt::gpu {

/// `Threads` lanes in one block that work on one row and reduce to `State`.
///
/// The kernel declares `__shared__ typename block_executor<...>::shared_storage` and has `Threads`
/// threads in one dimension. Rows without stride are read and written 16 bytes at a time, wherever
/// they start; elements lie at multiples of their own size. The order of merging depends only on
/// `Threads`, the row's length and its alignment: the same launch gives the same bits.
///
/// With a `Stage` that has memory, the logits that a reduction to `logit_stats` reads stay in
/// shared memory for the transform of the same row.
template <int Threads, class State, class Stage = detail::no_stage>
class block_executor {
  using block_reduce = cub::BlockReduce<State, Threads>;

 public:
  struct shared_storage {
    typename block_reduce::TempStorage reduce;
    alignas(State) unsigned char total[sizeof(State)];
  };

  __device__ explicit block_executor(shared_storage& shared, Stage stage = {})
      : shared_(shared), stage_(stage)
  {
  }

  /// Whether this lane writes what the row results in.
  __device__ bool leads() const { return threadIdx.x == 0; }

  template <class In, class Push>
  __device__ State reduce(In in, State identity, Push push)
  {
    int const lane = static_cast<int>(threadIdx.x);
    State const part = detail::fold_lane(in, identity, push, lane, Threads, stage_);
    State const merged = block_reduce(shared_.reduce).Reduce(part, detail::merge_states{});
    State& total = *reinterpret_cast<State*>(shared_.total);
    if (leads()) { total = merged; }
    __syncthreads();
    State const result = total;
    __syncthreads();  // every lane has its copy before the next collective reuses the storage
    return result;
  }

  template <class In, class Out, class Map>
  __device__ void transform(In in, Out out, Map map)
  {
    detail::map_lane(in, out, map, static_cast<int>(threadIdx.x), Threads, stage_);
  }

  __device__ void barrier() { __syncthreads(); }

 private:
  shared_storage& shared_;
  Stage stage_;
};
static_assert(row_executor<block_executor<256, logit_stats<float>>, logit_stats<float>>);

}  // namespace prefopt::gpu
