// SPDX-License-Identifier: MIT
#pragma once
/// \file  Log-probabilities of hidden states under a head, without the logits of the batch.

#include <cstddef>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/head/pass.hpp>

namespace prefopt {
namespace detail {

/// Scores all blocks and calls emit(row, statistics of the row over these words).
template <class Executor, class Real, class Gemm, class Pass, class Emit>
void score_blocks(Gemm const& gemm, Pass const& pass, Emit const& emit)
{
  auto const& memory = pass.memory;
  pass.blocks().each([&](head_block const& block) {
    auto const h =
        rows_of(block, memory.id, pass.hidden, memory.hidden, pass.options->rows.threads);
    auto const y = pass.block_targets(block);
    vector_view<token_stats<Real>> const tokens(memory.tokens, block.count);
    for (index_t k = 0; k < block.count; ++k) { tokens[k] = {}; }
    pass.each_chunk([&](index_t first, index_t count) {
      auto const logits = pass.chunk(first, count, block);
      pass.multiply(gemm, h, first, logits);
      merge_shard<Real, Executor>(logits, y, tokens, pass.chunk_options(first));
    });
    for (index_t k = 0; k < block.count; ++k) { emit(memory.id[k], tokens[k]); }
  });
}

}  // namespace detail

/// Log-probability of each row's target, entropy and log-normaliser for logits H W^T + bias:
///
///     auto const plan = plan_head<float>(n, D, V);
///     std::vector<std::byte> workspace(plan.bytes);
///     head_log_probs(blas_gemm{}, hidden, weight, targets,
///                    {.log_prob = lp, .entropy = h, .log_normalizer = lse}, {}, workspace);
///
/// `hidden` [n, D] and `weight` [V, D], of one type: fp32, bf16 or fp64, each with unit stride
/// along one axis; `targets` [n]: int32 or int64. `gemm` is a `matrix_product` that sums in fp32
/// (fp64 for fp64). `weight` is the head as it acts: with its adapter merged, with the tied
/// embedding's scale; the record of it that is returned goes to `head_gradients`.
///
/// Rows, ignored rows, transform and errors are those of `log_probs`; ignored rows are left out of
/// the products. At most one chunk of logits (`plan_head`) exists at a time, in `workspace`, unless
/// `options.kept` keeps them. Throws `std::invalid_argument` also for a workspace that is too
/// small, before it writes. Allocates nothing; what `gemm` does is its own. For the same products
/// the bits do not depend on `threads`. `Target` is not for callers (see config.hpp).
template <class Real = void, class Executor = host_executor, class Gemm, class Hidden, class Weight,
          class Targets, class Target = detail::compile_target>
head_identity head_log_probs(Gemm const& gemm, Hidden&& hidden, Weight&& weight, Targets&& targets,
                             log_prob_columns<detail::row_precision<Real, Hidden>> const& out,
                             head_options<detail::row_precision<Real, Hidden>> const& options,
                             vector_view<std::byte> workspace)
{
  using real = detail::row_precision<Real, Hidden>;
  auto const pass = detail::check_head<real, Gemm>(
      "head_log_probs", std::forward<Hidden>(hidden), std::forward<Weight>(weight),
      std::forward<Targets>(targets), options, workspace);
  detail::check_extents{"head_log_probs", pass.hidden.rows}(out);
  detail::check_whole_rows("head_log_probs", pass.weight.rows, options.rows);
  for (index_t i = 0; i < pass.hidden.rows; ++i) { detail::write_row(out, i, {}); }
  detail::score_blocks<Executor, real>(gemm, pass, [&out](index_t i, token_stats<real> const& t) {
    detail::write_row(out, i, t.result());
  });
  return detail::identity_of(pass.weight, options.bias);
}

/// Merges the words of one vocabulary shard, `weight` [V_shard, D], into `tokens` [n], which start
/// as `token_stats<Real>{}`, as `merge_shard` does with logits; `log_probs_of_shards` gives the
/// results. `options.rows.shard` says which words these are. Logits may be kept, too.
template <class Real = void, class Executor = host_executor, class Gemm, class Hidden, class Weight,
          class Targets, class Target = detail::compile_target>
head_identity head_merge_shard(
    Gemm const& gemm, Hidden&& hidden, Weight&& weight, Targets&& targets,
    std::type_identity_t<vector_view<token_stats<detail::row_precision<Real, Hidden>>>> tokens,
    head_options<detail::row_precision<Real, Hidden>> const& options,
    vector_view<std::byte> workspace)
{
  using real = detail::row_precision<Real, Hidden>;
  auto const pass = detail::check_head<real, Gemm>(
      "head_merge_shard", std::forward<Hidden>(hidden), std::forward<Weight>(weight),
      std::forward<Targets>(targets), options, workspace);
  detail::require_extent("head_merge_shard", "tokens", pass.hidden.rows, tokens.extent);
  detail::score_blocks<Executor, real>(
      gemm, pass, [&tokens](index_t i, token_stats<real> const& t) { tokens[i].merge(t); });
  return detail::identity_of(pass.weight, options.bias);
}

}  // namespace prefopt
