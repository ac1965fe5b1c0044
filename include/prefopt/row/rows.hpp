// SPDX-License-Identifier: MIT
#pragma once
/// \file  Log-probabilities and logit gradients of a matrix of logits in host memory.

#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/row_checks.hpp>
#include <prefopt/row/row_options.hpp>
#include <prefopt/row/row_pieces.hpp>
#include <prefopt/row/simd_executor.hpp>

namespace prefopt {
namespace detail {

/// Logits and targets that passed all checks.
template <class Logit, class Target>
struct checked_rows {
  matrix_view<Logit const> logits;
  vector_view<Target const> targets;
};

template <class Real, class Logits, class Targets>
checked_rows<element_of<Logits>, element_of<Targets>> check_host_rows(
    char const* function, Logits&& logits, Targets&& targets, row_options<Real> const& options)
{
  checked_rows<element_of<Logits>, element_of<Targets>> const in{std::forward<Logits>(logits),
                                                                 std::forward<Targets>(targets)};
  check_rows(function, in.logits, in.targets, options);
  require_threads(function, options.threads);
  check_target_ids(function, in.logits.cols, in.targets, options);
  return in;
}

/// Whether a gradient is too large to be found in a cache by whoever reads it next, apart from the
/// logits, and of types whose rows can go past the caches.
template <class Target = compile_target, class Logit, class Stored>
bool should_stream(matrix_view<Logit> const& logits, matrix_view<Stored> const& gradient)
{
  constexpr bool can_stream = has_streaming_stores && has_packed_gradient<Logit, Stored>;
  bool const apart =
      static_cast<void const*>(gradient.data) != static_cast<void const*>(logits.data);
  bool const large =
      gradient.rows * gradient.cols * static_cast<index_t>(sizeof(Stored)) > largest_cache;
  return can_stream && apart && large;
}

/// Rows between two waits for what went past the caches, which cost as much as 1000 elements do.
template <class Stored>
index_t rows_that_stream(matrix_view<Stored> const& gradient)
{
  constexpr index_t bytes = index_t(1) << 16;
  return max(index_t(1), bytes / max(index_t(1), gradient.cols * index_t{sizeof(Stored)}));
}

}  // namespace detail

/// Log-probability of each row's target, entropy and log-normaliser, in one pass over the logits.
///
///     log_probs(logits, targets, {.log_prob = lp, .entropy = h}, {.transform = {.softcap = 30}});
///
/// `logits` [n, V]: fp32, fp64, bf16 or fp16, in memory of any pitch (unit column stride takes the
/// fast path); `targets` [n]: int32 or int64. Row i is scored against targets[i]: the caller of a
/// causal model shifts once, by viewing the targets from 1. Sums in `Real`: fp64 for fp64 logits,
/// else fp32. Ignored rows give 0; a row without any finite logit has entropy 0, log_prob and
/// log_normalizer -inf; NaN propagates. Throws `std::invalid_argument` for lengths that differ and
/// targets outside the vocabulary, before it writes. Allocates nothing. `Target` is not for callers
/// (see config.hpp).
template <class Real = void, class Executor = host_executor, class Logits, class Targets,
          class Target = detail::compile_target>
void log_probs(Logits&& logits, Targets&& targets,
               log_prob_columns<detail::row_precision<Real, Logits>> const& out,
               row_options<detail::row_precision<Real, Logits>> const& options = {})
{
  using real = detail::row_precision<Real, Logits>;
  auto const in = detail::check_host_rows<real>("log_probs", std::forward<Logits>(logits),
                                                std::forward<Targets>(targets), options);
  auto const x = in.logits;  // clang captures no structured bindings
  auto const y = in.targets;
  detail::check_extents{"log_probs", x.rows}(out);
  detail::check_whole_rows("log_probs", x.cols, options);
  int const threads = options.threads;
  auto const pieces = detail::row_pieces::of(x.cols);
  auto const target_of = [&](index_t i) { return detail::row_target(y, options, x.cols, i); };
  auto const write = [&](index_t i, row_log_prob_result<real> const& row) {
    detail::write_row(out, i, row);
  };
  if (x.rows < threads && pieces.count > 1) {
    detail::log_probs_of_few_rows<real, Executor>(x, target_of, options.transform, threads, write);
    return;
  }
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t i = 0; i < x.rows; ++i) {
    Executor ex;
    write(i,
          detail::log_prob_in_pieces<real>(ex, x.row(i), target_of(i), options.transform, pieces));
  }
}

/// Merges one vocabulary shard `logits` [n, V_shard] into `tokens` [n], which start as
/// `token_stats<Real>{}`; `options.shard` says which columns these are. Shards may come in any
/// order, or from several ranks (`token_stats::merge`).
template <class Real = void, class Executor = host_executor, class Logits, class Targets,
          class Target = detail::compile_target>
void merge_shard(
    Logits&& logits, Targets&& targets,
    std::type_identity_t<vector_view<token_stats<detail::row_precision<Real, Logits>>>> tokens,
    row_options<detail::row_precision<Real, Logits>> const& options)
{
  using real = detail::row_precision<Real, Logits>;
  auto const in = detail::check_host_rows<real>("merge_shard", std::forward<Logits>(logits),
                                                std::forward<Targets>(targets), options);
  auto const x = in.logits;  // clang captures no structured bindings
  auto const y = in.targets;
  detail::require_extent("merge_shard", "tokens", x.rows, tokens.extent);
  int const threads = options.threads;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t i = 0; i < x.rows; ++i) {
    Executor ex;
    index_t const target = detail::row_target(y, options, x.cols, i);
    if (target >= 0) {
      tokens[i] = row_stats<real>(ex, x.row(i), target, options.transform, tokens[i]);
    }
  }
}

/// The columns of `log_probs` from the merged statistics of all shards.
template <class Real, class Targets>
void log_probs_of_shards(vector_view<token_stats<Real> const> tokens, Targets&& targets,
                         std::type_identity_t<log_prob_columns<Real>> const& out,
                         std::type_identity_t<row_options<Real>> const& options)
{
  using target_type = detail::element_of<Targets>;
  static_assert(detail::check_row_types<Real, target_type, Real>());
  char const* const function = "log_probs_of_shards";
  vector_view<target_type const> const y(std::forward<Targets>(targets));
  detail::check_extents const check{function, tokens.extent};
  check.required("targets", y);
  check("mask", options.mask);
  check(out);
  detail::check_target_ids(function, options.shard.size, y, options);
  for (index_t i = 0; i < tokens.extent; ++i) {
    bool const ignored = detail::row_target(y, options, options.shard.size, i) < 0;
    detail::write_row(out, i, ignored ? row_log_prob_result<Real>{} : tokens[i].result());
  }
}

/// Writes dL/d(raw logits) for the seeds dL/d(column of `log_probs`), through the same transform:
///
///     logit_gradients(logits, targets, {.d_log_prob = seed}, logits, {.forward = {...}});
///
/// `d_logits` [n, V] may be `logits` itself, or another matrix of any of the logit types; every
/// element is computed in `Real` and rounded once, to nearest; in bf16, half way cases go to even
/// or, where vector registers compute the row, away from 0 (simd_executor.hpp). Rows that are
/// ignored or whose seeds are all 0 get zeros, whatever their logits hold; masked logits (-inf) get
/// 0; NaN propagates.
template <class Real = void, class Executor = host_executor, class Logits, class Targets,
          class Gradient, class Target = detail::compile_target>
void logit_gradients(Logits&& logits, Targets&& targets,
                     log_prob_seed_columns<detail::row_precision<Real, Logits>> const& seeds,
                     Gradient&& d_logits,
                     row_options<detail::row_precision<Real, Logits>> const& options = {})
{
  using real = detail::row_precision<Real, Logits>;
  using stored = detail::element_of<Gradient>;
  static_assert(detail::check_row_types<stored, detail::element_of<Targets>, real>());
  char const* const function = "logit_gradients";
  auto const in =
      detail::check_host_rows<real>(function, logits, std::forward<Targets>(targets), options);
  auto const x = in.logits;  // clang captures no structured bindings
  auto const y = in.targets;
  matrix_view<stored> const dx(std::forward<Gradient>(d_logits));
  detail::check_extents{function, x.rows}(seeds);
  bool const saved = detail::check_gradient(function, x, dx, options);
  auto const& forward = options.forward;
  auto const scaled = [&options](vector_view<real const> const& column, index_t i) {
    return options.scale * detail::read_or_zero(column, i);
  };
  int const threads = options.threads;
  bool const streams = detail::should_stream(x, dx);
  auto const pieces = detail::row_pieces::of(x.cols);
  auto const seeds_of = [&](index_t i) {
    return row_log_prob_seeds<real>{scaled(seeds.d_log_prob, i), scaled(seeds.d_entropy, i),
                                    scaled(seeds.d_log_normalizer, i)};
  };
  // Negative where the gradient is 0.
  auto const target_of = [&](index_t i) {
    return seeds_of(i).are_zero() ? index_t(-1) : detail::row_target(y, options, x.cols, i);
  };
  auto const gradient_of = [&](index_t i, index_t target,
                               row_log_prob_result<real> const& computed) {
    row_log_prob_result<real> const row =
        saved ? row_log_prob_result<real>{forward.log_prob[i], forward.entropy[i],
                                          forward.log_normalizer[i]}
              : computed;
    return detail::gradient_of_row<real, stored>(x.row(i), target, row, seeds_of(i),
                                                 options.transform);
  };
  if (x.rows < threads && pieces.count > 1) {
    detail::gradients_of_few_rows<real, Executor>(x, dx, target_of, gradient_of, saved,
                                                  options.transform, threads, streams);
    return;
  }
  auto const write = [&](Executor& ex, index_t i) {
    index_t const target = target_of(i);
    row_log_prob_result<real> row{};
    if (!saved) {
      row = detail::log_prob_in_pieces<real>(ex, x.row(i), target, options.transform, pieces);
    }
    detail::write_gradient(ex, x.row(i), dx.row(i), target < 0, gradient_of(i, target, row));
  };
  index_t const rows_at_once = streams ? detail::rows_that_stream(dx) : 1;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t first = 0; first < x.rows; first += rows_at_once) {
    Executor ex;
    if constexpr (requires { ex.streams; }) { ex.streams = streams; }
    for (index_t i = first; i < min(first + rows_at_once, x.rows); ++i) { write(ex, i); }
    if (streams) { detail::finish_streaming(); }
  }
}

}  // namespace prefopt
