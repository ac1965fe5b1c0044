// SPDX-License-Identifier: MIT
#pragma once
/// \file  WPO's adjustments, greedy tokens and token hits of rows of logits in device memory.

#include <cuda_runtime.h>

#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/cuda/half.cuh>
#include <prefopt/cuda/row_launch.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/row/peaks.hpp>

namespace prefopt::gpu {
namespace detail {

template <class Real, class Logits, class Target>
struct peak_job {
  target_rows<Real, Logits, Target> in;
  peak_columns<Real, device_memory> out;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t i) const
  {
    index_t const target = in.target(i);
    bool const outside = target >= 0 && in.outside_vocabulary(i);
    row_peak_result<Real> peak =
        row_peak<Real>(ex, in.logits.row(i), outside ? index_t(-1) : target, in.options.transform);
    if (outside) {
      Real const nan = quiet_nan_v<Real>;
      peak = {{nan, nan, nan}, nan, -1};
    }
    if (ex.leads()) { prefopt::detail::write_peak(out, i, target, peak); }
  }
};

}  // namespace detail

/// Enqueues `prefopt::row_peaks` for logits in device memory, as `gpu::log_probs` does: a target
/// outside the vocabulary (and not ignored) gives NaN, no greedy token and no hit.
template <class Real = void, class Logits, class Targets>
[[nodiscard]] cudaError_t row_peaks(
    cudaStream_t stream, Logits&& logits, Targets&& targets,
    peak_columns<prefopt::detail::row_precision<Real, Logits>, device_memory> const& out,
    row_options<prefopt::detail::row_precision<Real, Logits>, device_memory> const& options = {})
{
  using real = prefopt::detail::row_precision<Real, Logits>;
  char const* const function = "gpu::row_peaks";
  auto const in = detail::make_target_rows<real>(function, std::forward<Logits>(logits),
                                                 std::forward<Targets>(targets), options);
  prefopt::detail::check_peaks(function, in.logits.rows, out);
  prefopt::detail::check_whole_rows(function, in.logits.cols, options);
  return detail::for_each_row<peak_stats<real>>(stream, in.logits.rows, in.logits.cols,
                                                detail::peak_job{in, out});
}

}  // namespace prefopt::gpu
