// SPDX-License-Identifier: MIT
#pragma once
/// \file  The rows that count, a block of them after another: ignored rows take part in no product.

#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/head/gemm.hpp>
#include <prefopt/head/plan.hpp>
#include <prefopt/row/row_options.hpp>

namespace prefopt::detail {

/// `count` rows that count, the first of them row `first`, the last one row `end - 1`, and
/// `before` others in front of them. They lie next to each other unless they are to be gathered.
struct head_block {
  index_t first = 0;
  index_t end = 0;
  index_t count = 0;
  index_t before = 0;

  bool gathered() const { return end - first != count; }
};

/// Goes through the rows that count. `id` has room for the rows of a block.
template <class Target, class Real>
struct head_blocks {
  vector_view<Target const> targets;
  row_options<Real> const* options;
  head_plan plan;
  index_t* id;

  bool counts(index_t i) const
  {
    return !is_ignored(targets, options->ignore_index, options->mask, i);
  }

  /// The block after `last`, with the numbers of its rows in `id`; one of 0 rows at the end. Long
  /// runs of rows are blocks where they lie; the rest is cut so that it fits what is gathered.
  head_block next(head_block const& last) const
  {
    head_block block{last.end, last.end, 0, last.before + last.count};
    bool const keeps = block.before < plan.kept;
    index_t const most = keeps ? min(plan.rows, plan.kept - block.before) : plan.rows;
    index_t run = 0;  // of rows that lie next to each other
    for (index_t i = last.end; i < targets.extent && block.count < most; ++i) {
      if (!counts(i)) { continue; }
      if (block.count == run && (run == 0 || id[run - 1] == i - 1)) { ++run; }
      id[block.count++] = i;
    }
    if (run < block.count) {
      block.count = run >= plan.gathered ? run : min(block.count, plan.gathered);
    }
    if (block.count > 0) {
      block.first = id[0];
      block.end = id[block.count - 1] + 1;
    }
    return block;
  }

  /// Calls f(block) for all blocks.
  template <class F>
  void each(F const& f) const
  {
    for (head_block b = next({}); b.count > 0; b = next(b)) { f(b); }
  }
};

/// The block's rows of a matrix: where they lie, or copied to `memory`.
template <class Stored, class Target = compile_target>
matrix_view<Stored const> rows_of(head_block const& block, index_t const* id,
                                  matrix_view<Stored const> const& from, Stored* memory,
                                  int threads)
{
  if (!block.gathered()) { return row_block(from, block.first, block.count); }
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t k = 0; k < block.count; ++k) {
    vector_view<Stored const> const row = from.row(id[k]);
    for (index_t j = 0; j < from.cols; ++j) { memory[k * from.cols + j] = row[j]; }
  }
  return {memory, block.count, from.cols};
}

/// Moves the rows 0 ... block.count - 1 behind `block.first` to where they belong and writes zeros
/// between them.
template <class Real>
void spread_rows(head_block const& block, index_t const* id, matrix_view<Real> const& m)
{
  index_t k = block.count - 1;
  for (index_t i = block.end - 1; i >= block.first; --i) {
    bool const belongs = id[k] == i;
    vector_view<Real> const to = m.row(i);
    vector_view<Real> const from = m.row(block.first + k);
    if (belongs && k == i - block.first) { return; }  // and so do all rows in front of it
    for (index_t j = 0; j < m.cols; ++j) { to[j] = belongs ? from[j] : Real(0); }
    if (belongs) { --k; }
  }
}

}  // namespace prefopt::detail
