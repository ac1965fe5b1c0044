// SPDX-License-Identifier: MIT
#pragma once
/// \file  Log-probabilities of hidden states under a head in device memory, and the gradients,
/// without the logits of the batch.

#include <cuda_runtime.h>

#include <cstddef>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/cuda/head_pass.cuh>
#include <prefopt/cuda/head_plan.cuh>
#include <prefopt/cuda/shards.cuh>

namespace prefopt::gpu {

/// Enqueues `prefopt::head_log_probs` for hidden states, head and targets in device memory:
///
///     auto const plan = gpu::plan_head<__nv_bfloat16>(n, D, V, {.counted = answer_tokens});
///     gpu::head_log_probs(stream, cublas_gemm{handle}, hidden, weight, targets,
///                         {.log_prob = lp, .entropy = h, .log_normalizer = lse},
///                         {.counted = answer_tokens}, workspace);
///
/// `gemm` is an `enqueued_matrix_product`. Columns, options and results are those of the host
/// function; `options.rows.threads` has no meaning. Rows that count are gathered on the device, so
/// that a captured call serves any mask; their number only the caller can know: products are made
/// for `options.counted` rows (default: all n). Where more count, the rows beyond them in front of
/// the ignored ones get NaN. As for `gpu::log_probs`, a target outside the vocabulary gives NaN in
/// its row; all that the host can see throws `std::invalid_argument` before anything is enqueued.
/// Makes no record of the head. Returns the first status that is not success; allocates nothing and
/// waits for nothing, as far as `gemm` does neither.
template <class Real = void, class Gemm, class Hidden, class Weight, class Targets>
[[nodiscard]] cudaError_t head_log_probs(
    cudaStream_t stream, Gemm const& gemm, Hidden&& hidden, Weight&& weight, Targets&& targets,
    log_prob_columns<prefopt::detail::row_precision<Real, Hidden>, device_memory> const& out,
    head_options<prefopt::detail::row_precision<Real, Hidden>, device_memory> const& options,
    vector_view<std::byte, device_memory> workspace)
{
  using real = prefopt::detail::row_precision<Real, Hidden>;
  char const* const function = "gpu::head_log_probs";
  matrix_view<prefopt::detail::element_of<Hidden> const, device_memory> const w(
      std::forward<Weight>(weight));
  auto pass = detail::check_head<real>(function, stream, gemm, std::forward<Hidden>(hidden), w,
                                       std::forward<Targets>(targets), options, workspace);
  prefopt::detail::check_extents{function, pass.rows()}(out);
  prefopt::detail::check_whole_rows(function, w.rows, options.rows);
  cudaError_t const status = pass.score(detail::emit_columns<real>{out});
  return status == cudaSuccess ? pass.write_rest(out) : status;
}

/// Enqueues `prefopt::head_merge_shard`: merges the words of one vocabulary shard, `weight`
/// [V_shard, D], into `tokens` [n], which start from `gpu::start_tokens`;
/// `gpu::log_probs_of_shards` gives the results. Rows beyond `options.counted` are left out.
template <class Real = void, class Gemm, class Hidden, class Weight, class Targets>
[[nodiscard]] cudaError_t head_merge_shard(
    cudaStream_t stream, Gemm const& gemm, Hidden&& hidden, Weight&& weight, Targets&& targets,
    std::type_identity_t<
        vector_view<token_stats<prefopt::detail::row_precision<Real, Hidden>>, device_memory>>
        tokens,
    head_options<prefopt::detail::row_precision<Real, Hidden>, device_memory> const& options,
    vector_view<std::byte, device_memory> workspace)
{
  using real = prefopt::detail::row_precision<Real, Hidden>;
  char const* const function = "gpu::head_merge_shard";
  auto pass = detail::check_head<real>(function, stream, gemm, std::forward<Hidden>(hidden),
                                       std::forward<Weight>(weight), std::forward<Targets>(targets),
                                       options, workspace);
  prefopt::detail::require_extent(function, "tokens", pass.rows(), tokens.extent);
  return pass.score(detail::emit_tokens<real>{tokens});
}

/// Enqueues `prefopt::head_gradients` for matrices in device memory; `options` and workspace as of
/// `gpu::head_log_probs`, with its three columns as `options.rows.forward`.
///
/// Logits are computed again for each chunk, or taken from `options.kept`, which holds those of the
/// first `plan_head(...).kept` rows that count. dX is rounded to `Hidden`'s type once, as the
/// products read it; `d_bias` is the sum of what it was rounded to, as a column of `d_weight` is.
/// dH and dW are summed in `Real`. Ignored rows get zeros in `d_hidden`. Where more rows count than
/// `options.counted`, those beyond it get NaN there, and `d_weight` and `d_bias`, which lack them,
/// are all NaN.
template <class Real = void, class Gemm, class Hidden, class Weight, class Targets>
[[nodiscard]] cudaError_t head_gradients(
    cudaStream_t stream, Gemm const& gemm, Hidden&& hidden, Weight&& weight, Targets&& targets,
    log_prob_seed_columns<prefopt::detail::row_precision<Real, Hidden>, device_memory> const& seeds,
    head_gradient_columns<prefopt::detail::row_precision<Real, Hidden>, device_memory> const& out,
    head_options<prefopt::detail::row_precision<Real, Hidden>, device_memory> const& options,
    vector_view<std::byte, device_memory> workspace)
{
  using real = prefopt::detail::row_precision<Real, Hidden>;
  using stored = prefopt::detail::element_of<Hidden>;
  char const* const function = "gpu::head_gradients";
  matrix_view<stored const, device_memory> const h(std::forward<Hidden>(hidden));
  matrix_view<stored const, device_memory> const w(std::forward<Weight>(weight));
  auto pass = detail::check_head<real>(function, stream, gemm, h, w, std::forward<Targets>(targets),
                                       options, workspace);
  prefopt::detail::check_head_gradients(function, h, w, options, seeds, out);
  return pass.differentiate(seeds, out);
}

}  // namespace prefopt::gpu
