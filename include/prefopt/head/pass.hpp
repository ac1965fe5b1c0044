// SPDX-License-Identifier: MIT
#pragma once
/// \file  What scoring by a head and its gradients share: checked arguments, memory, and one chunk.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/head/blocks.hpp>
#include <prefopt/head/gemm.hpp>
#include <prefopt/head/plan.hpp>
#include <prefopt/row/row_checks.hpp>
#include <prefopt/row/rows.hpp>

namespace prefopt::detail {

/// The caller's workspace, cut as `head_layout` says.
template <class Stored, class Real>
struct head_memory {
  Real* logits;
  Stored* hidden;
  index_t* id;
  index_t* target;
  token_stats<Real>* tokens;
  Real* column[6];

  head_memory(std::byte* workspace, head_plan const& plan, index_t width)
  {
    head_layout<Stored, Real> const layout(plan, width);
    workspace_pieces const pieces(workspace);
    pieces.place(logits, layout.logits);
    pieces.place(hidden, layout.hidden);
    pieces.place(id, layout.id);
    pieces.place(target, layout.target);
    pieces.place(tokens, layout.tokens);
    for (int c = 0; c < 6; ++c) { pieces.place(column[c], layout.column[c]); }
  }
};

/// Arguments that passed all checks. `Target` is what the calling file is compiled for: passes have
/// loops of their own.
template <class Stored, class Real, class TargetId, class Target>
struct head_pass {
  matrix_view<Stored const> hidden;
  matrix_view<Stored const> weight;
  vector_view<TargetId const> targets;
  head_options<Real> const* options;
  head_plan plan;
  head_memory<Stored, Real> memory;

  index_t vocabulary() const { return vocabulary_of(options->rows, weight.rows); }
  head_blocks<TargetId, Real> blocks() const { return {targets, &options->rows, plan, memory.id}; }

  /// The targets of a block, one after another.
  vector_view<index_t const> block_targets(head_block const& block) const
  {
    for (index_t k = 0; k < block.count; ++k) {
      memory.target[k] = static_cast<index_t>(targets[memory.id[k]]);
    }
    return {memory.target, block.count};
  }

  /// How the logits of words `first` ... of a block are read, once they are in a chunk.
  row_options<Real> chunk_options(index_t first) const
  {
    auto const& rows = options->rows;
    return {.ignore_index = rows.ignore_index,
            .transform = rows.transform,
            .shard = {.first = rows.shard.first + first, .size = vocabulary()},
            .scale = rows.scale,
            .threads = rows.threads};
  }

  /// Calls f(first, count) for the words of each chunk.
  template <class F>
  void each_chunk(F const& f) const
  {
    for_each_chunk(plan, weight.rows, f);
  }

  /// The logits of a block in a chunk of words, in the workspace or where they are kept.
  matrix_view<Real> chunk(index_t first, index_t count, head_block const& block) const
  {
    if (block.before >= plan.kept) { return {memory.logits, block.count, count}; }
    Real* const words = options->kept.data + first * options->kept.cols;
    return {words + block.before * count, block.count, count};
  }

  /// chunk = h W^T + bias for the words `first` ....
  template <class Gemm>
  void multiply(Gemm const& gemm, matrix_view<Stored const> const& h, index_t first,
                matrix_view<Real> const& chunk) const
  {
    auto const& bias = options->bias;
    int const threads = options->rows.threads;
    if (bias) {
      PREFOPT_PARALLEL_FOR(threads)
      for (index_t i = 0; i < chunk.rows; ++i) {
        vector_view<Real> const row = chunk.row(i);
        for (index_t j = 0; j < chunk.cols; ++j) { row[j] = bias[first + j]; }
      }
    }
    gemm(h, transposed(row_block(weight, first, chunk.cols)), chunk, bias.given());
  }
};

/// Any product can take it; `both`: as A or B, which may be stored by columns.
template <class T, class Space>
void require_pitch(char const* function, char const* name, matrix_view<T, Space> const& m,
                   bool both)
{
  if (has_pitch(m) || (both && has_pitch(transposed(m)))) { return; }
  throw_no_pitch(function, name, both ? "rows or columns" : "rows", m);
}

template <class T, class Space>
void require_shape(char const* function, char const* name, index_t rows, index_t cols,
                   matrix_view<T, Space> const& m)
{
  bool const missing = m.data == nullptr && rows > 0 && cols > 0;
  if (missing || m.rows != rows || m.cols != cols) {
    throw_invalid(function, name, "a matrix of " + shape_text(rows, cols),
                  missing ? "none" : shape_text(m.rows, m.cols));
  }
}

/// Checks the shapes that all calls on a head are given, in any memory.
template <class Stored, class TargetId, class Real, class Space>
void check_head_shapes(char const* function, matrix_view<Stored const, Space> const& hidden,
                       matrix_view<Stored const, Space> const& weight,
                       vector_view<TargetId const, Space> const& targets,
                       head_options<Real, Space> const& options)
{
  if (weight.cols < 1) { throw_invalid(function, "weight", "1 column or more", "0"); }
  require_shape(function, "hidden", hidden.rows, weight.cols, hidden);
  require_shape(function, "weight", weight.rows, weight.cols, weight);
  require_pitch(function, "hidden", hidden, true);
  require_pitch(function, "weight", weight, true);
  if (options.bias) { require_extent(function, "bias", weight.rows, options.bias.extent); }
  // The logits are made here; all else about rows is checked as it is for logits.
  static Stored const stand_in{};
  check_rows(function, matrix_view<Stored const, Space>(&stand_in, hidden.rows, weight.rows),
             targets, options.rows);
  auto const& kept = options.kept;
  if (kept) {
    require_shape(function, "kept", weight.rows, kept.cols, kept);
    if (kept.row_stride != kept.cols || kept.col_stride != 1) {
      throw_invalid(
          function, "kept", "contiguous rows",
          "strides " + std::to_string(kept.row_stride) + " and " + std::to_string(kept.col_stride));
    }
  }
}

template <class Space>
void require_workspace(char const* function, head_plan const& plan,
                       vector_view<std::byte, Space> const& workspace)
{
  if (workspace.extent < plan.bytes || workspace.stride > 1) {
    throw_invalid(function, "workspace",
                  std::to_string(plan.bytes) + " contiguous bytes (plan_head)",
                  std::to_string(workspace.extent));
  }
}

/// Checks what all host calls are given, and plans; writes nothing.
template <class Real, class Gemm, class Hidden, class Weight, class Targets,
          class Target = compile_target>
auto check_head(char const* function, Hidden&& hidden, Weight&& weight, Targets&& targets,
                head_options<Real> const& options, vector_view<std::byte> const& workspace)
{
  using stored = element_of<Hidden>;
  using target_id = element_of<Targets>;
  static_assert(check_matrix_product<Gemm, stored, Real>());
  matrix_view<stored const> const h(std::forward<Hidden>(hidden));
  matrix_view<stored const> const w(std::forward<Weight>(weight));
  vector_view<target_id const> const y(std::forward<Targets>(targets));
  check_head_shapes(function, h, w, y, options);
  require_threads(function, options.rows.threads);
  check_target_ids(function, w.rows, y, options.rows);
  head_plan const plan = plan_head<stored, Real>(h.rows, h.cols, w.rows, options);
  require_workspace(function, plan, workspace);
  using pass = head_pass<stored, Real, target_id, Target>;
  return pass{h, w, y, &options, plan, {workspace.data, plan, w.cols}};
}

}  // namespace prefopt::detail
