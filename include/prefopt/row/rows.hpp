// SPDX-License-Identifier: MIT
#pragma once
/// \file  Log-probabilities and logit gradients of a matrix of logits in host memory.

#include <string>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/row_options.hpp>
#include <prefopt/row/simd_executor.hpp>

namespace prefopt {
namespace detail {

template <class Real>
Real read_or_zero(vector_view<Real const> const& column, index_t i)
{
  return column ? column[i] : Real(0);
}

template <class Real>
void write_row(log_prob_columns<Real> const& out, index_t i, row_log_prob_result<Real> const& row)
{
  if (out.log_prob) { out.log_prob[i] = row.log_prob; }
  if (out.entropy) { out.entropy[i] = row.entropy; }
  if (out.log_normalizer) { out.log_normalizer[i] = row.log_normalizer; }
}

/// Logits and targets that passed all checks.
template <class Logit, class Target>
struct checked_rows {
  matrix_view<Logit const> logits;
  vector_view<Target const> targets;
};

template <class Logit>
void require_matrix(char const* function, char const* name, matrix_view<Logit> const& m)
{
  if (m.data == nullptr && m.rows > 0 && m.cols > 0) {
    throw_invalid(function, name, "a matrix of " + shape_text(m.rows, m.cols), "none");
  }
}

template <class Real, class Logits, class Targets>
checked_rows<element_of<Logits>, element_of<Targets>> check_rows(char const* function,
                                                                 Logits&& logits, Targets&& targets,
                                                                 row_options<Real> const& options)
{
  static_assert(check_row_types<element_of<Logits>, element_of<Targets>, Real>());
  checked_rows<element_of<Logits>, element_of<Targets>> const in{std::forward<Logits>(logits),
                                                                 std::forward<Targets>(targets)};
  require_matrix(function, "logits", in.logits);
  check_targets(function, in.logits.rows, in.logits.cols, in.targets, options);
  return in;
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
/// targets outside the vocabulary, before it writes. Allocates nothing.
template <class Real = void, class Executor = host_executor, class Logits, class Targets>
void log_probs(Logits&& logits, Targets&& targets,
               log_prob_columns<detail::row_precision<Real, Logits>> const& out,
               row_options<detail::row_precision<Real, Logits>> const& options = {})
{
  using real = detail::row_precision<Real, Logits>;
  auto const [x, y] = detail::check_rows<real>("log_probs", std::forward<Logits>(logits),
                                               std::forward<Targets>(targets), options);
  detail::check_columns("log_probs", x.rows, out);
  if (options.shard.size > x.cols) {
    detail::throw_invalid("log_probs", "logits",
                          "the whole vocabulary of " + std::to_string(options.shard.size) +
                              " columns (merge_shard takes parts)",
                          std::to_string(x.cols) + " columns");
  }
  int const threads = options.threads;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t i = 0; i < x.rows; ++i) {
    Executor ex;
    index_t const target = detail::row_target(y, options, x.cols, i);
    detail::write_row(out, i, row_log_prob<real>(ex, x.row(i), target, options.transform));
  }
}

/// Merges one vocabulary shard `logits` [n, V_shard] into `tokens` [n], which start as
/// `token_stats<Real>{}`; `options.shard` says which columns these are. Shards may come in any
/// order, or from several ranks (`token_stats::merge`).
template <class Real = void, class Executor = host_executor, class Logits, class Targets>
void merge_shard(
    Logits&& logits, Targets&& targets,
    std::type_identity_t<vector_view<token_stats<detail::row_precision<Real, Logits>>>> tokens,
    row_options<detail::row_precision<Real, Logits>> const& options)
{
  using real = detail::row_precision<Real, Logits>;
  auto const [x, y] = detail::check_rows<real>("merge_shard", std::forward<Logits>(logits),
                                               std::forward<Targets>(targets), options);
  detail::require_extent("merge_shard", "tokens", x.rows, tokens.extent);
  int const threads = options.threads;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t i = 0; i < x.rows; ++i) {
    Executor ex;
    index_t const target = detail::row_target(y, options, x.cols, i);
    if (target >= 0) { tokens[i].merge(row_stats<real>(ex, x.row(i), target, options.transform)); }
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
  vector_view<target_type const> const y(std::forward<Targets>(targets));
  detail::check_targets("log_probs_of_shards", tokens.extent, options.shard.size, y, options);
  detail::check_columns("log_probs_of_shards", tokens.extent, out);
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
/// element is computed in `Real` and rounded once. Rows that are ignored or whose seeds are all 0
/// get zeros, whatever their logits hold; masked logits (-inf) get 0; NaN propagates.
template <class Real = void, class Executor = host_executor, class Logits, class Targets,
          class Gradient>
void logit_gradients(Logits&& logits, Targets&& targets,
                     log_prob_seed_columns<detail::row_precision<Real, Logits>> const& seeds,
                     Gradient&& d_logits,
                     row_options<detail::row_precision<Real, Logits>> const& options = {})
{
  using real = detail::row_precision<Real, Logits>;
  using stored = detail::element_of<Gradient>;
  static_assert(detail::check_row_types<stored, detail::element_of<Targets>, real>());
  char const* const function = "logit_gradients";
  auto const [x, y] =
      detail::check_rows<real>(function, logits, std::forward<Targets>(targets), options);
  matrix_view<stored> const dx(std::forward<Gradient>(d_logits));
  detail::require_matrix(function, "d_logits", dx);
  detail::check_columns(function, x.rows, options.forward);
  detail::check_columns(function, x.rows, seeds);
  if (dx.rows != x.rows || dx.cols != x.cols) {
    detail::throw_invalid(function, "d_logits",
                          "the shape of the logits, " + detail::shape_text(x.rows, x.cols),
                          detail::shape_text(dx.rows, dx.cols));
  }
  auto const& forward = options.forward;
  bool const saved = forward.log_prob && forward.entropy && forward.log_normalizer;
  if (!saved && options.shard.size > x.cols) {
    detail::throw_invalid(function, "forward",
                          "log_prob, entropy and log_normalizer of the whole row (these logits are "
                          "a vocabulary shard)",
                          "not all of them");
  }
  auto const scaled = [&options](vector_view<real const> const& column, index_t i) {
    return options.scale * detail::read_or_zero(column, i);
  };
  int const threads = options.threads;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t i = 0; i < x.rows; ++i) {
    Executor ex;
    index_t const target = detail::row_target(y, options, x.cols, i);
    row_log_prob_seeds<real> const seed{scaled(seeds.d_log_prob, i), scaled(seeds.d_entropy, i),
                                        scaled(seeds.d_log_normalizer, i)};
    bool const unused = target < 0 || seed.are_zero();
    row_log_prob_result<real> const row =
        unused  ? row_log_prob_result<real>{}
        : saved ? row_log_prob_result<real>{forward.log_prob[i], forward.entropy[i],
                                            forward.log_normalizer[i]}
                : row_log_prob<real>(ex, x.row(i), target, options.transform);
    row_log_prob_gradient<real>(ex, x.row(i), dx.row(i), target, row, seed, options.transform);
  }
}

}  // namespace prefopt
