// SPDX-License-Identifier: MIT
#pragma once
/// \file  Rows of logits whose vocabulary is split by columns, in device memory.

#include <cuda_runtime.h>

#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/cuda/half.cuh>
#include <prefopt/cuda/launch.cuh>
#include <prefopt/cuda/row_launch.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/row_checks.hpp>
#include <prefopt/row/row_options.hpp>

namespace prefopt::gpu {
namespace detail {

template <class Real, class Logits, class Target>
struct shard_job {
  target_rows<Real, Logits, Target> in;
  vector_view<token_stats<Real>, device_memory> tokens;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t i) const
  {
    index_t const target = in.target(i);
    if (target < 0) { return; }
    auto const part = row_stats<Real>(ex, in.logits.row(i), target, in.options.transform);
    if (ex.leads()) { tokens[i].merge(part); }
  }
};

template <class Real>
PREFOPT_KERNEL void __launch_bounds__(block_threads)
    start_tokens_kernel(vector_view<token_stats<Real>, device_memory> tokens)
{
  index_t const step = index_t(gridDim.x) * block_threads;
  index_t i = index_t(blockIdx.x) * block_threads + threadIdx.x;
  for (; i < tokens.extent; i += step) { tokens[i] = {}; }
}

/// `rows.logits` has the shape of the whole rows, and is not read.
template <class Real, class Rows>
PREFOPT_KERNEL void __launch_bounds__(block_threads)
    shard_results_kernel(vector_view<token_stats<Real> const, device_memory> tokens, Rows rows,
                         log_prob_columns<Real, device_memory> out)
{
  index_t const step = index_t(gridDim.x) * block_threads;
  index_t i = index_t(blockIdx.x) * block_threads + threadIdx.x;
  for (; i < tokens.extent; i += step) {
    prefopt::detail::write_row(out, i, rows.result(i, tokens[i]));
  }
}

}  // namespace detail

/// Enqueues `tokens[i] = token_stats<Real>{}` for all i: what `gpu::merge_shard` and
/// `gpu::head_merge_shard` start from.
template <class Real>
[[nodiscard]] cudaError_t start_tokens(cudaStream_t stream,
                                       vector_view<token_stats<Real>, device_memory> tokens)
{
  return detail::launch(stream, detail::blocks_for(tokens.extent, detail::block_threads),
                        detail::block_threads, detail::start_tokens_kernel<Real>, tokens);
}

/// Enqueues `prefopt::merge_shard`: merges one vocabulary shard `logits` [n, V_shard] into `tokens`
/// [n]; `options.shard` says which columns these are. Shards may come in any order. All else as for
/// `gpu::log_probs`.
template <class Real = void, class Logits, class Targets>
[[nodiscard]] cudaError_t merge_shard(
    cudaStream_t stream, Logits&& logits, Targets&& targets,
    std::type_identity_t<
        vector_view<token_stats<prefopt::detail::row_precision<Real, Logits>>, device_memory>>
        tokens,
    row_options<prefopt::detail::row_precision<Real, Logits>, device_memory> const& options)
{
  using real = prefopt::detail::row_precision<Real, Logits>;
  char const* const function = "gpu::merge_shard";
  auto const in = detail::make_target_rows<real>(function, std::forward<Logits>(logits),
                                                 std::forward<Targets>(targets), options);
  prefopt::detail::require_extent(function, "tokens", in.logits.rows, tokens.extent);
  return detail::for_each_row<logit_stats<real>>(stream, in.logits.rows, in.logits.cols,
                                                 detail::shard_job{in, tokens});
}

/// Enqueues `prefopt::log_probs_of_shards`: the columns of `gpu::log_probs` from the merged
/// statistics of all shards. A target outside the vocabulary (and not ignored) gives NaN.
template <class Real, class Targets>
[[nodiscard]] cudaError_t log_probs_of_shards(
    cudaStream_t stream, vector_view<token_stats<Real> const, device_memory> tokens,
    Targets&& targets, std::type_identity_t<log_prob_columns<Real, device_memory>> const& out,
    std::type_identity_t<row_options<Real, device_memory>> const& options)
{
  using target = prefopt::detail::element_of<Targets>;
  using rows = detail::target_rows<Real, matrix_view<Real const, device_memory>, target>;
  static_assert(prefopt::detail::check_row_types<Real, target, Real>());
  vector_view<target const, device_memory> const y(std::forward<Targets>(targets));
  prefopt::detail::check_extents const check{"gpu::log_probs_of_shards", tokens.extent};
  check.required("targets", y);
  check("mask", options.mask);
  check(out);
  rows const in{{nullptr, tokens.extent, options.shard.size}, y, options};
  return detail::launch(stream, detail::blocks_for(tokens.extent, detail::block_threads),
                        detail::block_threads, detail::shard_results_kernel<Real, rows>, tokens, in,
                        out);
}

}  // namespace prefopt::gpu
