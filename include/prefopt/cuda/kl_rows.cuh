// SPDX-License-Identifier: MIT
#pragma once
/// \file  Per-token divergences of two matrices of logits in device memory, and their gradient.

#include <cuda_runtime.h>

#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/cuda/half.cuh>
#include <prefopt/cuda/row_launch.cuh>
#include <prefopt/row/kl_rows.hpp>

namespace prefopt::gpu {
namespace detail {

/// The logits of a call, as its kernel sees them.
template <class Real, class Policy, class Reference>
struct row_pairs {
  matrix_view<Policy const, device_memory> policy;
  matrix_view<Reference const, device_memory> reference;
  kl_options<Real, device_memory> options;

  template <class Executor>
  __device__ row_pair_stats<Real> stats(Executor& ex, index_t i) const
  {
    return row_kl<Real>(ex, policy.row(i), reference.row(i), options.transform);
  }
};

template <class Real, class Policy, class Reference>
struct kl_job {
  row_pairs<Real, Policy, Reference> in;
  kl_columns<Real, device_memory> out;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t i) const
  {
    row_kl_result<Real> kl{};
    if (prefopt::detail::row_counts(in.options, i)) { kl = in.stats(ex, i).kl; }
    if (ex.leads()) { prefopt::detail::write_kl(out, i, kl); }
  }
};

template <class Real, class Policy, class Reference, class Gradient>
struct kl_gradient_job {
  row_pairs<Real, Policy, Reference> in;
  kl_seed_columns<Real, device_memory> seeds;
  matrix_view<Gradient, device_memory> out;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t i) const
  {
    auto const& options = in.options;
    row_kl_seeds<Real> const seed = prefopt::detail::read_seeds(seeds, options.scale, i);
    row_pair_stats<Real> rows{};
    if (prefopt::detail::row_counts(options, i) && !seed.are_zero()) { rows = in.stats(ex, i); }
    row_kl_gradient<Real>(ex, in.policy.row(i), in.reference.row(i), out.row(i), rows, seed,
                          options.accumulate, options.transform);
  }
};

}  // namespace detail

/// Enqueues `prefopt::kl_divergences` for logits in device memory:
///
///     gpu::kl_divergences(stream, policy, reference, {.reference_to_policy = kl});
///
/// Columns, options and results are those of the host function; `options.threads` has no meaning.
/// Three passes over each pair of rows. Lengths that do not fit throw `std::invalid_argument` on
/// the host before anything is enqueued. Returns the status of the launch; allocates nothing and
/// waits for nothing. No rows, no launch.
template <class Real = void, class Policy, class Reference>
[[nodiscard]] cudaError_t kl_divergences(
    cudaStream_t stream, Policy&& policy, Reference&& reference,
    kl_columns<prefopt::detail::row_precision<Real, Policy>, device_memory> const& out,
    kl_options<prefopt::detail::row_precision<Real, Policy>, device_memory> const& options = {})
{
  using real = prefopt::detail::row_precision<Real, Policy>;
  using first = prefopt::detail::element_of<Policy>;
  using second = prefopt::detail::element_of<Reference>;
  char const* const function = "gpu::kl_divergences";
  matrix_view<first const, device_memory> const x(std::forward<Policy>(policy));
  matrix_view<second const, device_memory> const z(std::forward<Reference>(reference));
  prefopt::detail::check_kl_rows(function, x, z, options);
  prefopt::detail::check_kl_columns(function, x.rows, out);
  return detail::for_each_row<kl_stats<real>>(
      stream, x.rows, x.cols, detail::kl_job<real, first, second>{{x, z, options}, out});
}

/// Enqueues `prefopt::kl_gradients` for logits in device memory; else as `gpu::kl_divergences`.
template <class Real = void, class Policy, class Reference, class Gradient>
[[nodiscard]] cudaError_t kl_gradients(
    cudaStream_t stream, Policy&& policy, Reference&& reference,
    kl_seed_columns<prefopt::detail::row_precision<Real, Policy>, device_memory> const& seeds,
    Gradient&& d_logits,
    kl_options<prefopt::detail::row_precision<Real, Policy>, device_memory> const& options = {})
{
  using real = prefopt::detail::row_precision<Real, Policy>;
  using first = prefopt::detail::element_of<Policy>;
  using second = prefopt::detail::element_of<Reference>;
  using stored = prefopt::detail::element_of<Gradient>;
  char const* const function = "gpu::kl_gradients";
  matrix_view<first const, device_memory> const x(policy);
  matrix_view<second const, device_memory> const z(std::forward<Reference>(reference));
  matrix_view<stored, device_memory> const dx(std::forward<Gradient>(d_logits));
  prefopt::detail::check_kl_rows(function, x, z, options);
  prefopt::detail::check_kl_gradient(function, x, dx, seeds, options);
  return detail::for_each_row<kl_stats<real>>(
      stream, x.rows, x.cols,
      detail::kl_gradient_job<real, first, second, stored>{{x, z, options}, seeds, dx});
}

}  // namespace prefopt::gpu
