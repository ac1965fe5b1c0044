// SPDX-License-Identifier: MIT
#pragma once
/// \file  A warp as a row executor: for short rows, many to a block.

#include <cub/util_ptx.cuh>
#include <cub/warp/warp_reduce.cuh>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/cuda/lane_loop.cuh>
#include <prefopt/cuda/lane_pairs.cuh>
#include <prefopt/cuda/lane_stats.cuh>
#include <prefopt/cuda/row_stage.cuh>
#include <prefopt/row/executor.hpp>
#include <prefopt/row/logit_stats.hpp>

namespace prefopt::gpu {

/// The 32 lanes of one warp, which work on one row and reduce to `State`.
///
/// Blocks have one dimension and whole warps; the kernel declares one `shared_storage` in shared
/// memory per warp. Access, alignment, repeatability and stage are as with `block_executor`.
template <class State, class Stage = detail::no_stage>
class warp_executor {
  using warp_reduce = cub::WarpReduce<State>;
  static constexpr unsigned all_lanes = 0xffffffffu;

 public:
  static constexpr int lanes = 32;

  struct shared_storage {
    typename warp_reduce::TempStorage reduce;
  };

  __device__ explicit warp_executor(shared_storage& shared, Stage stage = {})
      : shared_(shared), stage_(stage)
  {
  }

  /// Whether this lane writes what the row results in.
  __device__ bool leads() const { return lane() == 0; }

  template <class In, class Push>
  __device__ State reduce(In in, State identity, Push push)
  {
    State const part = detail::fold_lane(in, identity, push, lane(), lanes, stage_);
    __syncwarp();
    State const merged = warp_reduce(shared_.reduce).Reduce(part, detail::merge_states{});
    return cub::ShuffleIndex<lanes>(merged, 0, all_lanes);
  }

  template <class In, class Out, class Map>
  __device__ void transform(In in, Out out, Map map)
  {
    detail::map_lane(in, out, map, lane(), lanes, stage_);
  }

  __device__ void barrier() { __syncwarp(); }

 private:
  __device__ static int lane() { return static_cast<int>(threadIdx.x) % lanes; }

  shared_storage& shared_;
  Stage stage_;
};
static_assert(row_executor<warp_executor<logit_stats<float>>, logit_stats<float>>);

}  // namespace prefopt::gpu
