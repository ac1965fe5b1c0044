// SPDX-License-Identifier: MIT
#pragma once
/// \file  Tokens to sequences and back in device memory.

#include <cuda_runtime.h>

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/cuda/launch.cuh>
#include <prefopt/row/sequence.hpp>

namespace prefopt::gpu {
namespace detail {

/// Few sequences, each the work of one thread: small blocks spread them over the device.
inline constexpr int sequence_threads = 32;

/// Offsets lie in device memory, where only the kernel can check them.
template <class Layout>
__device__ bool within(Layout const& layout, index_t s, index_t tokens)
{
  index_t const first = layout.begin(s);
  index_t const last = layout.end(s);
  return 0 <= first && first <= last && last <= tokens;
}

template <class Sum, class Real, class Layout>
PREFOPT_KERNEL void __launch_bounds__(sequence_threads)
    sequence_sum_kernel(Layout layout, token_columns<Real, device_memory> in,
                        sequence_columns<Real, device_memory> out)
{
  index_t const step = index_t(gridDim.x) * sequence_threads;
  index_t s = index_t(blockIdx.x) * sequence_threads + threadIdx.x;
  for (; s < layout.size(); s += step) {
    sequence_stats<Sum> stats;
    if (within(layout, s, in.log_prob.extent)) {
      stats = prefopt::detail::sum_sequence<Sum>(layout, in, s);
      prefopt::detail::write_sequence(out, s, stats);
    } else {
      stats.sum = stats.weight = stats.entropy = stats.target_entropy = quiet_nan_v<Sum>;
      prefopt::detail::write_sequence(out, s, stats);
      if (out.count.data != nullptr) { out.count[s] = quiet_nan_v<Real>; }
    }
  }
}

template <class Real>
PREFOPT_KERNEL void __launch_bounds__(block_threads)
    zero_kernel(vector_view<Real, device_memory> column)
{
  index_t const step = index_t(gridDim.x) * block_threads;
  index_t i = index_t(blockIdx.x) * block_threads + threadIdx.x;
  for (; i < column.extent; i += step) { column[i] = Real(0); }
}

/// Whether every token is within a sequence, as far as the host can see: its seed is written
/// anyway.
template <class Layout>
bool covers(Layout const&, index_t)
{
  return false;
}
inline bool covers(padded_sequences const& layout, index_t tokens)
{
  return layout.count * layout.length == tokens;
}

template <class Sum, class Real, class Layout>
PREFOPT_KERNEL void __launch_bounds__(sequence_threads)
    token_seed_kernel(Layout layout, token_columns<Real, device_memory> in,
                      vector_view<Real const, device_memory> d_sequence,
                      vector_view<Real, device_memory> seeds,
                      token_seed_options<Real, device_memory> options)
{
  index_t const step = index_t(gridDim.x) * sequence_threads;
  index_t s = index_t(blockIdx.x) * sequence_threads + threadIdx.x;
  for (; s < layout.size(); s += step) {
    if (within(layout, s, seeds.extent)) {
      prefopt::detail::seed_sequence<Sum>(layout, in, d_sequence[s], seeds, options, s);
    }
  }
}

}  // namespace detail

/// Enqueues `prefopt::sequence_sums` for columns in device memory, `layout` being
/// `padded_sequences` or `packed_sequences<Index, device_memory>`:
///
///     gpu::sequence_sums<float>(stream, packed_sequences<int, device_memory>{cu_seqlens},
///                               {.log_prob = lp, .mask = answer}, {.sum = logp});
///
/// One thread adds one sequence, token by token in `Sum`, with the host's own body: sums, means and
/// counts have the host's bits. Lengths that do not fit throw `std::invalid_argument` on the host
/// before anything is enqueued; offsets are read by the kernel, and a sequence that is not within
/// the tokens gets NaN. Returns the status of the launch; allocates nothing and waits for nothing.
template <class Real = float, class Sum = double, class Layout>
[[nodiscard]] cudaError_t sequence_sums(
    cudaStream_t stream, Layout const& layout,
    std::type_identity_t<token_columns<Real, device_memory>> const& in,
    std::type_identity_t<sequence_columns<Real, device_memory>> const& out)
{
  char const* const function = "gpu::sequence_sums";
  prefopt::detail::require_sequences(function, layout);
  prefopt::detail::check_tokens(function, in.log_prob.extent, in);
  prefopt::detail::check_sequences(function, layout.size(), out);
  return detail::launch(stream, detail::blocks_for(layout.size(), detail::sequence_threads),
                        detail::sequence_threads, detail::sequence_sum_kernel<Sum, Real, Layout>,
                        layout, in, out);
}

/// Enqueues `prefopt::token_seeds` for columns in device memory, one thread for each sequence. A
/// packed sequence that is not within the tokens writes no seeds. Else as `gpu::sequence_sums`.
template <class Real = float, class Sum = double, class Layout>
[[nodiscard]] cudaError_t token_seeds(
    cudaStream_t stream, Layout const& layout,
    std::type_identity_t<token_columns<Real, device_memory>> const& in,
    std::type_identity_t<vector_view<Real const, device_memory>> d_sequence,
    std::type_identity_t<vector_view<Real, device_memory>> seeds,
    std::type_identity_t<token_seed_options<Real, device_memory>> const& options = {})
{
  char const* const function = "gpu::token_seeds";
  prefopt::detail::require_sequences(function, layout);
  prefopt::detail::check_tokens(function, seeds.extent, in);
  prefopt::detail::check_extents{function, layout.size()}.required("d_sequence", d_sequence);
  if (!options.accumulate && !detail::covers(layout, seeds.extent)) {
    cudaError_t const status =
        detail::launch(stream, detail::blocks_for(seeds.extent, detail::block_threads),
                       detail::block_threads, detail::zero_kernel<Real>, seeds);
    if (status != cudaSuccess) { return status; }
  }
  return detail::launch(stream, detail::blocks_for(layout.size(), detail::sequence_threads),
                        detail::sequence_threads, detail::token_seed_kernel<Sum, Real, Layout>,
                        layout, in, d_sequence, seeds, options);
}

}  // namespace prefopt::gpu
