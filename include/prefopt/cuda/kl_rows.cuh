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

/// The logits of a call (two matrix views), as its kernel sees them.
template <class Real, class Policy, class Reference>
struct row_pairs {
  Policy policy;
  Reference reference;
  kl_options<Real, device_memory> options;

  __device__ bool counts(index_t i) const { return prefopt::detail::row_counts(options, i); }
};

template <class Real, class Policy, class Reference>
struct kl_job {
  row_pairs<Real, Policy, Reference> in;
  kl_columns<Real, device_memory> out;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t i) const
  {
    row_kl_result<Real> kl{};
    if (in.counts(i)) {
      kl = row_kl<Real>(ex, in.policy.row(i), in.reference.row(i), in.options.transform).kl;
    }
    if (ex.leads()) { prefopt::detail::write_kl(out, i, kl); }
  }
};

template <class Real, class Policy, class Reference, class Gradient>
struct kl_gradient_job {
  row_pairs<Real, Policy, Reference> in;
  kl_seed_columns<Real, device_memory> seeds;
  Gradient out;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t i) const
  {
    auto const& options = in.options;
    row_kl_seeds<Real> const seed = prefopt::detail::read_seeds(seeds, options.scale, i);
    row_pair_stats<Real> rows{};
    if (in.counts(i) && !seed.are_zero()) {
      rows = row_kl_for<Real>(seed, ex, in.policy.row(i), in.reference.row(i), options.transform);
    }
    row_kl_gradient<Real>(ex, in.policy.row(i), in.reference.row(i), out.row(i), rows, seed,
                          options.accumulate, options.transform);
  }
};

/// Device views of a call's logits, which have been checked.
template <class Real, class Policy, class Reference>
auto make_row_pairs(char const* function, Policy&& policy, Reference&& reference,
                    kl_options<Real, device_memory> const& options)
{
  using first = matrix_view<prefopt::detail::element_of<Policy> const, device_memory>;
  using second = matrix_view<prefopt::detail::element_of<Reference> const, device_memory>;
  row_pairs<Real, first, second> const in{first(std::forward<Policy>(policy)),
                                          second(std::forward<Reference>(reference)), options};
  prefopt::detail::check_kl_rows(function, in.policy, in.reference, options);
  return in;
}

/// A job for each pair of rows, both of which shared memory keeps after the first reading.
template <class Real, class Policy, class Reference, class Job>
[[nodiscard]] cudaError_t for_each_pair(
    cudaStream_t stream,
    row_pairs<Real, matrix_view<Policy const, device_memory>,
              matrix_view<Reference const, device_memory>> const& in,
    Job const& job)
{
  index_t const cols = in.policy.cols;
  return for_each_kept_row<kl_stats<Real>, pair_stage>(stream, in.policy.rows, cols,
                                                       whole_rows<Policy, Reference>(cols), job);
}

}  // namespace detail

/// Enqueues `prefopt::kl_divergences` for logits in device memory:
///
///     gpu::kl_divergences(stream, policy, reference, {.reference_to_policy = kl});
///
/// Columns, options and results are those of the host function; `options.threads` has no meaning.
/// Both rows of a pair are read once, and kept in shared memory for the divergences; of a pair that
/// does not fit there the same share of each is kept, and the rest is read again. Lengths that do
/// not fit throw `std::invalid_argument` on the host before anything is enqueued. Returns the
/// status of the launch; allocates nothing and waits for nothing. No rows, no launch.
template <class Real = void, class Policy, class Reference>
[[nodiscard]] cudaError_t kl_divergences(
    cudaStream_t stream, Policy&& policy, Reference&& reference,
    kl_columns<prefopt::detail::row_precision<Real, Policy>, device_memory> const& out,
    kl_options<prefopt::detail::row_precision<Real, Policy>, device_memory> const& options = {})
{
  using real = prefopt::detail::row_precision<Real, Policy>;
  char const* const function = "gpu::kl_divergences";
  auto const in = detail::make_row_pairs<real>(function, std::forward<Policy>(policy),
                                               std::forward<Reference>(reference), options);
  prefopt::detail::check_kl_columns(function, in.policy.rows, out);
  return detail::for_each_pair(stream, in, detail::kl_job{in, out});
}

/// Enqueues `prefopt::kl_gradients` for logits in device memory; else as `gpu::kl_divergences`.
/// What of a pair does not fit shared memory is read once more for the gradient, and again where
/// `d_policy_to_reference` is not 0.
template <class Real = void, class Policy, class Reference, class Gradient>
[[nodiscard]] cudaError_t kl_gradients(
    cudaStream_t stream, Policy&& policy, Reference&& reference,
    kl_seed_columns<prefopt::detail::row_precision<Real, Policy>, device_memory> const& seeds,
    Gradient&& d_logits,
    kl_options<prefopt::detail::row_precision<Real, Policy>, device_memory> const& options = {})
{
  using real = prefopt::detail::row_precision<Real, Policy>;
  using stored = prefopt::detail::element_of<Gradient>;
  char const* const function = "gpu::kl_gradients";
  auto const in =
      detail::make_row_pairs<real>(function, policy, std::forward<Reference>(reference), options);
  matrix_view<stored, device_memory> const dx(std::forward<Gradient>(d_logits));
  prefopt::detail::check_kl_gradient(function, in.policy, dx, seeds, options);
  return detail::for_each_pair(stream, in, detail::kl_gradient_job{in, seeds, dx});
}

}  // namespace prefopt::gpu
