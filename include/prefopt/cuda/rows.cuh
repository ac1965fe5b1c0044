// SPDX-License-Identifier: MIT
#pragma once
/// \file  Log-probabilities of rows of logits in device memory, and the gradient of the logits.

#include <cuda_runtime.h>

#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/cuda/half.cuh>
#include <prefopt/cuda/row_launch.cuh>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/row_checks.hpp>
#include <prefopt/row/row_options.hpp>

namespace prefopt::gpu {
namespace detail {

/// Logits (a matrix view) and targets of a call, as its kernel sees them.
template <class Real, class Logits, class Target>
struct target_rows {
  Logits logits;
  vector_view<Target const, device_memory> targets;
  row_options<Real, device_memory> options;

  __device__ index_t target(index_t i) const
  {
    return prefopt::detail::row_target(targets, options, logits.cols, i);
  }
  /// Host code throws for such a row; a kernel can only mark its results.
  __device__ bool outside_vocabulary(index_t i) const
  {
    auto const id = static_cast<index_t>(targets[i]);
    return id < 0 || id >= prefopt::detail::vocabulary_of(options, logits.cols);
  }
  /// The results of row i, from the merged statistics of all words.
  __device__ row_log_prob_result<Real> result(index_t i, token_stats<Real> const& token) const
  {
    if (target(i) < 0) { return {}; }
    return outside_vocabulary(i) ? undefined() : token.result();
  }
  __device__ static row_log_prob_result<Real> undefined()
  {
    return {quiet_nan_v<Real>, quiet_nan_v<Real>, quiet_nan_v<Real>};
  }
};

/// Device views of a call's logits and targets, which have been checked.
template <class Real, class Logits, class Targets>
auto make_target_rows(char const* function, Logits&& logits, Targets&& targets,
                      row_options<Real, device_memory> const& options)
{
  using target = prefopt::detail::element_of<Targets>;
  using rows = matrix_view<prefopt::detail::element_of<Logits> const, device_memory>;
  target_rows<Real, rows, target> const in{
      rows(std::forward<Logits>(logits)),
      vector_view<target const, device_memory>(std::forward<Targets>(targets)), options};
  prefopt::detail::check_rows(function, in.logits, in.targets, options);
  return in;
}

template <class Real, class Logits, class Target>
struct log_prob_job {
  target_rows<Real, Logits, Target> in;
  log_prob_columns<Real, device_memory> out;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t i) const
  {
    index_t const target = in.target(i);
    row_log_prob_result<Real> row =
        row_log_prob<Real>(ex, in.logits.row(i), target, in.options.transform);
    if (target >= 0 && in.outside_vocabulary(i)) { row = in.undefined(); }
    if (ex.leads()) { prefopt::detail::write_row(out, i, row); }
  }
};

/// `Saved`: the results of the forward pass are there, and the row is read once. Otherwise they are
/// computed first, and written to `results` where the caller wants them.
template <bool Saved, class Real, class Logits, class Target, class Gradient>
struct logit_gradient_job {
  target_rows<Real, Logits, Target> in;
  log_prob_seed_columns<Real, device_memory> seeds;
  Gradient out;
  log_prob_columns<Real, device_memory> results{};

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t i) const
  {
    differentiate(ex, i, i);
  }

  /// Row i of the columns is row k of the matrices.
  template <class Executor>
  __device__ void differentiate(Executor& ex, index_t i, index_t k) const
  {
    auto const& options = in.options;
    using prefopt::detail::read_or_zero;
    index_t const target = in.target(i);
    row_log_prob_seeds<Real> seed{options.scale * read_or_zero(seeds.d_log_prob, i),
                                  options.scale * read_or_zero(seeds.d_entropy, i),
                                  options.scale * read_or_zero(seeds.d_log_normalizer, i)};
    row_log_prob_result<Real> row{};
    if (target >= 0 && in.outside_vocabulary(i)) {
      // NaN in both: a seed of 0 alone, or a probability that underflows, would hide it.
      seed = {quiet_nan_v<Real>, quiet_nan_v<Real>, quiet_nan_v<Real>};
      row = in.undefined();
    } else if constexpr (Saved) {
      if (target >= 0 && !seed.are_zero()) {
        auto const& forward = options.forward;
        row = {forward.log_prob[i], forward.entropy[i], forward.log_normalizer[i]};
      }
    } else if (target >= 0 && (wants_results() || !seed.are_zero())) {
      row = row_log_prob<Real>(ex, in.logits.row(k), target, options.transform);
    }
    if (!Saved && ex.leads()) { prefopt::detail::write_row(results, i, row); }
    row_log_prob_gradient<Real>(ex, in.logits.row(k), out.row(k), target, row, seed,
                                options.transform);
  }

 private:
  __device__ bool wants_results() const
  {
    return results.log_prob.data != nullptr || results.entropy.data != nullptr ||
           results.log_normalizer.data != nullptr;
  }
};

/// Checks and enqueues gradients from the forward results of `in.options` where they are there.
/// Otherwise, and if `fused`, they are computed first, and written where `results` has columns.
template <class Real, class Logit, class Target, class Stored>
[[nodiscard]] cudaError_t enqueue_gradients(
    cudaStream_t stream, char const* function,
    target_rows<Real, matrix_view<Logit const, device_memory>, Target> const& in,
    log_prob_seed_columns<Real, device_memory> const& seeds,
    matrix_view<Stored, device_memory> const& out, bool fused,
    log_prob_columns<Real, device_memory> const& results)
{
  static_assert(prefopt::detail::check_row_types<Stored, Target, Real>());
  using rows = matrix_view<Logit const, device_memory>;
  using gradient = matrix_view<Stored, device_memory>;
  prefopt::detail::check_extents{function, in.logits.rows}(seeds);
  bool const saved = prefopt::detail::check_gradient(function, in.logits, out, in.options);
  index_t const cols = in.logits.cols;
  if (saved && !fused) {
    using job = logit_gradient_job<true, Real, rows, Target, gradient>;
    return for_each_row<logit_stats<Real>>(stream, in.logits.rows, cols, job{in, seeds, out});
  }
  using job = logit_gradient_job<false, Real, rows, Target, gradient>;
  return for_each_kept_row<logit_stats<Real>, row_stage>(
      stream, in.logits.rows, cols, whole_rows<Logit>(cols), job{in, seeds, out, results});
}

}  // namespace detail

/// Enqueues `prefopt::log_probs` for logits in device memory: one pass over each row.
///
///     gpu::log_probs(stream, logits, targets, {.log_prob = lp, .entropy = h});
///
/// Columns, options and results are those of the host function; `options.threads` has no meaning.
/// Elements lie at multiples of their own size; a row may start at any of them and rows may be any
/// distance apart. Lengths that do not fit throw `std::invalid_argument` on the host before
/// anything is enqueued, but targets are read by the kernel, which cannot throw: a target outside
/// the vocabulary (and not ignored) gives NaN in every column of its row. Returns the status of the
/// launch; allocates nothing and waits for nothing. No rows, no launch.
template <class Real = void, class Logits, class Targets>
[[nodiscard]] cudaError_t log_probs(
    cudaStream_t stream, Logits&& logits, Targets&& targets,
    log_prob_columns<prefopt::detail::row_precision<Real, Logits>, device_memory> const& out,
    row_options<prefopt::detail::row_precision<Real, Logits>, device_memory> const& options = {})
{
  using real = prefopt::detail::row_precision<Real, Logits>;
  char const* const function = "gpu::log_probs";
  auto const in = detail::make_target_rows<real>(function, std::forward<Logits>(logits),
                                                 std::forward<Targets>(targets), options);
  prefopt::detail::check_extents{function, in.logits.rows}(out);
  prefopt::detail::check_whole_rows(function, in.logits.cols, options);
  return detail::for_each_row<logit_stats<real>>(stream, in.logits.rows, in.logits.cols,
                                                 detail::log_prob_job{in, out});
}

/// Enqueues `prefopt::logit_gradients` for logits in device memory. With all three columns of
/// `options.forward` a row is gone through once; without, twice, the second time in shared memory,
/// as far as it fits there.
///
///     gpu::logit_gradients(stream, logits, targets, {.d_log_prob = seed}, logits,
///                          {.forward = {.log_prob = lp, .entropy = h, .log_normalizer = lz}});
///
/// `d_logits` may be `logits` itself, or another device matrix of any of the logit types. A target
/// outside the vocabulary (and not ignored) gives a row of NaN, but for its masked logits. All else
/// as for `gpu::log_probs`.
template <class Real = void, class Logits, class Targets, class Gradient>
[[nodiscard]] cudaError_t logit_gradients(
    cudaStream_t stream, Logits&& logits, Targets&& targets,
    log_prob_seed_columns<prefopt::detail::row_precision<Real, Logits>, device_memory> const& seeds,
    Gradient&& d_logits,
    row_options<prefopt::detail::row_precision<Real, Logits>, device_memory> const& options = {})
{
  using real = prefopt::detail::row_precision<Real, Logits>;
  using stored = prefopt::detail::element_of<Gradient>;
  char const* const function = "gpu::logit_gradients";
  auto const in =
      detail::make_target_rows<real>(function, logits, std::forward<Targets>(targets), options);
  matrix_view<stored, device_memory> const dx(std::forward<Gradient>(d_logits));
  return detail::enqueue_gradients(stream, function, in, seeds, dx, false, {});
}

/// Enqueues `gpu::log_probs` and `gpu::logit_gradients` in one, for seeds that do not depend on
/// what comes out (NLL, or the second pass over a batch whose sequence sums are known):
///
///     gpu::log_probs_and_gradients(stream, logits, targets, {.d_log_prob = seed},
///                                  {.log_prob = lp, .entropy = h}, logits, {.scale = 1.0f / n});
///
/// The logits of a row are read once, and kept in shared memory until its gradient is written; what
/// does not fit there is read again. `options.forward` is not read. The results are those of the
/// two calls, but for the order of summation where rows have more than `longest_warp_row` columns.
/// All else as for these calls.
template <class Real = void, class Logits, class Targets, class Gradient>
[[nodiscard]] cudaError_t log_probs_and_gradients(
    cudaStream_t stream, Logits&& logits, Targets&& targets,
    log_prob_seed_columns<prefopt::detail::row_precision<Real, Logits>, device_memory> const& seeds,
    log_prob_columns<prefopt::detail::row_precision<Real, Logits>, device_memory> const& out,
    Gradient&& d_logits,
    row_options<prefopt::detail::row_precision<Real, Logits>, device_memory> const& options = {})
{
  using real = prefopt::detail::row_precision<Real, Logits>;
  using stored = prefopt::detail::element_of<Gradient>;
  char const* const function = "gpu::log_probs_and_gradients";
  auto const in =
      detail::make_target_rows<real>(function, logits, std::forward<Targets>(targets), options);
  matrix_view<stored, device_memory> const dx(std::forward<Gradient>(d_logits));
  prefopt::detail::check_extents{function, in.logits.rows}(out);
  prefopt::detail::check_whole_rows(function, in.logits.cols, options);
  return detail::enqueue_gradients(stream, function, in, seeds, dx, true, out);
}

}  // namespace prefopt::gpu
