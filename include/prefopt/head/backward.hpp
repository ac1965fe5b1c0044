// SPDX-License-Identifier: MIT
#pragma once
/// \file  The backward pass of a head, one chunk of words after another.

#include <cstddef>
#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/head/identity.hpp>
#include <prefopt/head/narrow.hpp>
#include <prefopt/head/pass.hpp>

namespace prefopt {

/// Where the gradients go; what is left out is not computed.
template <class Real, class Space = host_memory>
struct head_gradient_columns {
  matrix_view<Real, Space> d_hidden{};  ///< [n, D]; ignored rows become 0
  matrix_view<Real, Space> d_weight{};  ///< [V, D]
  vector_view<Real, Space> d_bias{};    ///< [V]
};

namespace detail {

/// The backward pass of a chunk of words or of a block of rows, from checked arguments.
template <class Executor, class Gemm, class Stored, class Real, class TargetId, class Target>
struct head_backward {
  Gemm const& gemm;
  head_pass<Stored, Real, TargetId, Target> pass;
  log_prob_seed_columns<Real> seeds;
  head_gradient_columns<Real> out;

  matrix_view<Stored const> hidden_of(head_block const& block) const
  {
    return rows_of(block, pass.memory.id, pass.hidden, pass.memory.hidden,
                   pass.options->rows.threads);
  }

  /// Whether sums over rows begin with this block.
  bool begins(head_block const& block) const
  {
    return block.before == 0 && !pass.options->accumulate;
  }

  /// `chunk` = gradient of the block's `logits` of the words `first` ..., which may be `chunk`.
  void differentiate(head_block const& block, index_t first, matrix_view<Real> const& logits,
                     matrix_view<Real> const& chunk) const
  {
    auto const& forward = pass.options->rows.forward;
    auto const y = pass.block_targets(block);
    auto fetch = [&, next = 0](vector_view<Real const> const& column) mutable {
      Real* const to = pass.memory.column[next++];
      for (index_t k = 0; k < block.count; ++k) { to[k] = read_or_zero(column, pass.memory.id[k]); }
      return vector_view<Real const>(to, block.count);
    };
    auto how = pass.chunk_options(first);
    how.forward = {fetch(forward.log_prob), fetch(forward.entropy), fetch(forward.log_normalizer)};
    log_prob_seed_columns<Real> const own{fetch(seeds.d_log_prob), fetch(seeds.d_entropy),
                                          fetch(seeds.d_log_normalizer)};
    logit_gradients<Real, Executor>(logits, y, own, chunk, how);
    add_bias(block, first, chunk);
  }

  void add_bias(head_block const& block, index_t first, matrix_view<Real> const& chunk) const
  {
    if (!out.d_bias) { return; }
    constexpr index_t step = 16;
    int const threads = pass.options->rows.threads;
    bool const start = begins(block);
    PREFOPT_PARALLEL_FOR(threads)
    for (index_t j = 0; j < chunk.cols; j += step) {
      index_t const count = min(step, chunk.cols - j);
      Real sum[step]{};
      for (index_t i = 0; i < chunk.rows; ++i) {
        Real const* const row = chunk.row(i).data + j;
        for (index_t k = 0; k < count; ++k) { sum[k] += row[k]; }
      }
      for (index_t k = 0; k < count; ++k) {
        Real& to = out.d_bias[first + j + k];
        to = (start ? Real(0) : to) + sum[k];
      }
    }
  }

  /// The chunk as the products read it: 16-bit numbers lie at the front of each row's memory.
  matrix_view<Stored const> narrowed(matrix_view<Real> const& chunk) const
  {
    if constexpr (std::is_same_v<Stored, Real>) {
      return chunk;
    } else {
      int const threads = pass.options->rows.threads;
      PREFOPT_PARALLEL_FOR(threads)
      for (index_t i = 0; i < chunk.rows; ++i) {
        narrow_row<Stored>(chunk.row(i).data, chunk.cols);
      }
      constexpr auto ratio = static_cast<index_t>(sizeof(Real) / sizeof(Stored));
      return {reinterpret_cast<Stored const*>(chunk.data), chunk.rows, chunk.cols,
              ratio * chunk.row_stride};
    }
  }

  /// Both products of a chunk of logit gradients.
  void multiply(head_block const& block, index_t first, matrix_view<Stored const> const& chunk,
                matrix_view<Stored const> const& h) const
  {
    if (out.d_hidden) {
      gemm(chunk, row_block(pass.weight, first, chunk.cols),
           row_block(out.d_hidden, block.first, block.count), first > 0);
    }
    if (out.d_weight) {
      gemm(transposed(chunk), h, row_block(out.d_weight, first, chunk.cols), !begins(block));
    }
  }

  /// Logits computed again: three products for each chunk.
  void recompute(head_block const& block) const
  {
    auto const h = hidden_of(block);
    pass.each_chunk([&](index_t first, index_t count) {
      auto const chunk = pass.chunk(first, count, block);
      pass.multiply(gemm, h, first, chunk);
      differentiate(block, first, chunk, chunk);
      multiply(block, first, narrowed(chunk), h);
    });
  }

  /// The rows whose logits were kept, one chunk of words after another: all logits of a chunk are
  /// read before the gradient of its weights is written, perhaps over them.
  void use_kept() const
  {
    auto const blocks = pass.blocks();
    auto const each_kept = [&](auto const& f) {
      for (head_block b = blocks.next({}); b.count > 0 && b.before < pass.plan.kept;
           b = blocks.next(b)) {
        f(b);
      }
    };
    pass.each_chunk([&](index_t first, index_t count) {
      auto const place = [&](head_block const& b) {
        return matrix_view<Real>(pass.memory.logits + b.before * count, b.count, count);
      };
      each_kept([&](head_block const& b) {
        differentiate(b, first, pass.chunk(first, count, b), place(b));
      });
      each_kept([&](head_block const& b) { multiply(b, first, narrowed(place(b)), hidden_of(b)); });
    });
  }

  void run() const
  {
    if (out.d_weight && !pass.options->accumulate && !pass.blocks().next({}).count) {
      fill_zero(out.d_weight);
    }
    if (out.d_bias && !pass.options->accumulate && !pass.blocks().next({}).count) {
      for (index_t j = 0; j < out.d_bias.extent; ++j) { out.d_bias[j] = Real(0); }
    }
    if (pass.plan.kept > 0) { use_kept(); }
    pass.blocks().each([&](head_block const& block) {
      if (block.before >= pass.plan.kept) { recompute(block); }
    });
    if (out.d_hidden) { place_rows(); }
  }

  static void fill_zero(matrix_view<Real> const& m)
  {
    for (index_t i = 0; i < m.rows; ++i) {
      for (index_t j = 0; j < m.cols; ++j) { m.row(i)[j] = Real(0); }
    }
  }

  /// Gathered rows to where they belong, zeros to all others.
  void place_rows() const
  {
    index_t done = 0;
    pass.blocks().each([&](head_block const& block) {
      fill_zero(row_block(out.d_hidden, done, block.first - done));
      if (pass.weight.rows == 0) { fill_zero(row_block(out.d_hidden, block.first, block.count)); }
      spread_rows(block, pass.memory.id, out.d_hidden);
      done = block.end;
    });
    fill_zero(row_block(out.d_hidden, done, out.d_hidden.rows - done));
  }
};

template <class Executor, class Gemm, class Stored, class Real, class TargetId, class Target>
void run_head_backward(Gemm const& gemm, head_pass<Stored, Real, TargetId, Target> const& pass,
                       log_prob_seed_columns<Real> const& seeds,
                       head_gradient_columns<Real> const& out)
{
  head_backward<Executor, Gemm, Stored, Real, TargetId, Target>{gemm, pass, seeds, out}.run();
}

template <class Real, class Space>
bool overlap(matrix_view<Real, Space> const& a, matrix_view<Real, Space> const& b)
{
  auto const end = [](auto const& m) { return m.data + m.rows * m.row_stride; };
  return a && b && a.data < end(b) && b.data < end(a);
}

/// Checks what a backward pass is given beyond the forward one, in any memory.
template <class Stored, class Real, class Space>
void check_head_gradients(char const* function, matrix_view<Stored const, Space> const& hidden,
                          matrix_view<Stored const, Space> const& weight,
                          head_options<Real, Space> const& options,
                          log_prob_seed_columns<Real, Space> const& seeds,
                          head_gradient_columns<Real, Space> const& out)
{
  auto const& forward = options.rows.forward;
  index_t const n = hidden.rows;
  check_extents{function, n}(seeds);
  if (n > 0 && !(forward.log_prob && forward.entropy && forward.log_normalizer)) {
    throw_invalid(function, "rows.forward",
                  "log_prob, entropy and log_normalizer as head_log_probs wrote them",
                  "not all of them");
  }
  if (out.d_hidden) {
    require_shape(function, "d_hidden", n, hidden.cols, out.d_hidden);
    require_pitch(function, "d_hidden", out.d_hidden, false);
  }
  if (out.d_weight) {
    require_shape(function, "d_weight", weight.rows, weight.cols, out.d_weight);
    require_pitch(function, "d_weight", out.d_weight, false);
  }
  if (out.d_bias) { require_extent(function, "d_bias", weight.rows, out.d_bias.extent); }
  if (overlap(options.kept, out.d_weight)) {
    bool const same = options.kept.data == out.d_weight.data &&
                      options.kept.cols == out.d_weight.cols &&
                      options.kept.row_stride == out.d_weight.row_stride;
    if (options.accumulate || !same) {
      throw_invalid(function, "kept", "d_weight itself, to be overwritten, or other memory",
                    options.accumulate ? "the sums that are added to" : "a part of d_weight");
    }
  }
}

template <class Stored, class Real>
void check_same_head(char const* function, matrix_view<Stored const> const& weight,
                     head_options<Real> const& options)
{
  if (options.head.width == 0) { return; }
  head_identity const now = identity_of(weight, options.bias);
  if (now != options.head) {
    throw_invalid(function, "weight",
                  "the head of the forward pass, " + identity_text(options.head),
                  identity_text(now));
  }
}

}  // namespace detail
}  // namespace prefopt
