// SPDX-License-Identifier: MIT
#pragma once
/// \file  Per-token divergences of two matrices of logits in host memory, and their gradient.

#include <cstdint>
#include <string>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/kl.hpp>
#include <prefopt/row/row_checks.hpp>
#include <prefopt/row/row_options.hpp>
#include <prefopt/row/simd_executor.hpp>

namespace prefopt {

/// One number per row; a column that is left out is not written.
template <class Real, class Space = host_memory>
struct kl_columns {
  vector_view<Real, Space> reference_to_policy{};  ///< KL(reference || policy), nats
  vector_view<Real, Space> policy_to_reference{};  ///< KL(policy || reference), nats
};

/// dL / d(each of the `kl_columns`); a column that is left out is 0.
template <class Real, class Space = host_memory>
struct kl_seed_columns {
  vector_view<Real const, Space> d_reference_to_policy{};
  vector_view<Real const, Space> d_policy_to_reference{};
};

/// How pairs of rows are read.
template <class Real, class Space = host_memory>
struct kl_options {
  /// One byte per row; a row with 0 is not read: divergence 0, gradient 0. Absent: all count.
  vector_view<std::uint8_t const, Space> mask{};
  logit_transform<Real> transform{};  ///< of both models
  /// Multiplies gradients only: the caller's loss scale over the caller's global count.
  Real scale = Real(1);
  /// Add to `d_logits` instead of overwriting it.
  bool accumulate = false;
  /// Host threads (with OpenMP). The results do not depend on it.
  int threads = 1;
};

namespace detail {

template <class View>
void require_shape(char const* function, char const* name, View const& view, index_t rows,
                   index_t cols)
{
  bool const missing = view.data == nullptr && rows > 0 && cols > 0;
  if (missing || view.rows != rows || view.cols != cols) {
    throw_invalid(function, name, "the shape of the policy's logits, " + shape_text(rows, cols),
                  missing ? "none" : shape_text(view.rows, view.cols));
  }
}

/// Types, shapes and options, in any memory.
template <class Policy, class Reference, class Real, class Space>
void check_kl_rows(char const* function, matrix_view<Policy const, Space> const& policy,
                   matrix_view<Reference const, Space> const& reference,
                   kl_options<Real, Space> const& options)
{
  static_assert(check_row_types<Policy, int, Real>());
  static_assert(check_row_types<Reference, int, Real>());
  require_shape(function, "policy", policy, policy.rows, policy.cols);
  require_shape(function, "reference", reference, policy.rows, policy.cols);
  check_extents{function, policy.rows}("mask", options.mask);
  check_transform(function, options.transform);
}

template <class Real, class Space>
void check_kl_columns(char const* function, index_t rows, kl_columns<Real, Space> const& out)
{
  check_extents const check{function, rows};
  check("reference_to_policy", out.reference_to_policy);
  check("policy_to_reference", out.policy_to_reference);
}

template <class Policy, class Stored, class Real, class Space>
void check_kl_gradient(char const* function, matrix_view<Policy const, Space> const& policy,
                       matrix_view<Stored, Space> const& gradient,
                       kl_seed_columns<Real, Space> const& seeds,
                       kl_options<Real, Space> const& options)
{
  static_assert(check_row_types<Stored, int, Real>());
  require_shape(function, "d_logits", gradient, policy.rows, policy.cols);
  bool const same =
      static_cast<void const*>(gradient.data) == static_cast<void const*>(policy.data);
  if (options.accumulate && same && policy.data != nullptr) {
    throw_invalid(function, "d_logits", "another matrix than the policy's logits to add to",
                  "the logits themselves");
  }
  check_extents const check{function, policy.rows};
  check("d_reference_to_policy", seeds.d_reference_to_policy);
  check("d_policy_to_reference", seeds.d_policy_to_reference);
}

template <class Real, class Space>
PREFOPT_HD bool row_counts(kl_options<Real, Space> const& options, index_t i)
{
  return options.mask.data == nullptr || options.mask[i] != 0;
}

template <class Real, class Space>
PREFOPT_HD void write_kl(kl_columns<Real, Space> const& out, index_t i,
                         row_kl_result<Real> const& kl)
{
  if (out.reference_to_policy.data != nullptr) {
    out.reference_to_policy[i] = kl.reference_to_policy;
  }
  if (out.policy_to_reference.data != nullptr) {
    out.policy_to_reference[i] = kl.policy_to_reference;
  }
}

template <class Real, class Space>
PREFOPT_HD row_kl_seeds<Real> read_seeds(kl_seed_columns<Real, Space> const& seeds, Real scale,
                                         index_t i)
{
  return {scale * read_or_zero(seeds.d_reference_to_policy, i),
          scale * read_or_zero(seeds.d_policy_to_reference, i)};
}

}  // namespace detail

/// Divergences between policy and reference of each row, over the whole vocabulary:
///
///     kl_divergences(policy, reference, {.reference_to_policy = kl}, {.mask = answer});
///     sequence_sums(layout, {.log_prob = kl, .mask = answer}, {.sum = sequence_kl});
///
/// TDPO, CHiP, RRPO and HALVA take KL(reference || policy). `policy` and `reference` [n, V]: fp32,
/// fp64, bf16 or fp16 in memory of any pitch (unit column stride and elements of one size take the
/// fast path). Sums in `Real`: fp64 for an fp64 policy, else fp32. The error is a few roundings of
/// the divergence itself, also where both models nearly agree; masked and infinite cases are those
/// of `row_kl`. Throws `std::invalid_argument` for shapes and lengths that differ. Allocates
/// nothing.
template <class Real = void, class Executor = host_executor, class Policy, class Reference,
          class Target = detail::compile_target>
void kl_divergences(Policy&& policy, Reference&& reference,
                    kl_columns<detail::row_precision<Real, Policy>> const& out,
                    kl_options<detail::row_precision<Real, Policy>> const& options = {})
{
  using real = detail::row_precision<Real, Policy>;
  char const* const function = "kl_divergences";
  matrix_view<detail::element_of<Policy> const> const x(std::forward<Policy>(policy));
  matrix_view<detail::element_of<Reference> const> const z(std::forward<Reference>(reference));
  detail::check_kl_rows(function, x, z, options);
  detail::require_threads(function, options.threads);
  detail::check_kl_columns(function, x.rows, out);
  int const threads = options.threads;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t i = 0; i < x.rows; ++i) {
    Executor ex;
    bool const counts = detail::row_counts(options, i);
    detail::write_kl(out, i,
                     counts ? row_kl<real>(ex, x.row(i), z.row(i), options.transform).kl
                            : row_kl_result<real>{});
  }
}

/// Writes dL/d(policy's raw logits) for the seeds dL/d(column of `kl_divergences`), or adds it:
///
///     logit_gradients(policy, targets, {.d_log_prob = seed}, d_logits);
///     kl_gradients(policy, reference, {.d_reference_to_policy = d_kl}, d_logits,
///                  {.accumulate = true});
///
/// `d_logits` [n, V] is of any of the logit types; where it is overwritten it may be `policy`
/// itself. To accumulate it must be another matrix, because the policy's logits are read here too.
/// The reference is a constant. Rows whose seeds are all 0, and masked ones, get zeros, or keep
/// what they hold. The rows are read again: nothing of the forward pass is kept.
template <class Real = void, class Executor = host_executor, class Policy, class Reference,
          class Gradient, class Target = detail::compile_target>
void kl_gradients(Policy&& policy, Reference&& reference,
                  kl_seed_columns<detail::row_precision<Real, Policy>> const& seeds,
                  Gradient&& d_logits,
                  kl_options<detail::row_precision<Real, Policy>> const& options = {})
{
  using real = detail::row_precision<Real, Policy>;
  using stored = detail::element_of<Gradient>;
  char const* const function = "kl_gradients";
  matrix_view<detail::element_of<Policy> const> const x(policy);
  matrix_view<detail::element_of<Reference> const> const z(std::forward<Reference>(reference));
  matrix_view<stored> const dx(std::forward<Gradient>(d_logits));
  detail::check_kl_rows(function, x, z, options);
  detail::require_threads(function, options.threads);
  detail::check_kl_gradient(function, x, dx, seeds, options);
  int const threads = options.threads;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t i = 0; i < x.rows; ++i) {
    Executor ex;
    auto const seed = detail::read_seeds(seeds, options.scale, i);
    bool const used = detail::row_counts(options, i) && !seed.are_zero();
    auto const rows = used ? row_kl_for<real>(seed, ex, x.row(i), z.row(i), options.transform)
                           : row_pair_stats<real>{};
    row_kl_gradient<real>(ex, x.row(i), z.row(i), dx.row(i), rows, seed, options.accumulate,
                          options.transform);
  }
}

}  // namespace prefopt
