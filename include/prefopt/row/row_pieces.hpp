// SPDX-License-Identifier: MIT
#pragma once
/// \file  Long rows in pieces, which threads share where there are fewer rows than threads.

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/row/log_prob.hpp>

namespace prefopt::detail {

/// The pieces of a row follow from its length alone, and their statistics are merged in order by
/// whoever computed them: so results do not depend on the number of threads, nor on how many rows
/// come together. The shortest is long beside what a piece costs apart from its elements.
struct row_pieces {
  static constexpr index_t shortest = index_t(3) << 14;
  static constexpr index_t most = 64;

  index_t count;
  index_t size;  ///< of all but the last

  static row_pieces of(index_t vocabulary)
  {
    constexpr index_t tile = 1024;  // what vector registers sum at a time
    index_t count = 1;
    while (count < most && vocabulary >= 2 * count * shortest) { count *= 2; }
    index_t const tiles = (vocabulary + count * tile - 1) / (count * tile);
    index_t const size = max(tiles, index_t(1)) * tile;
    return {max((vocabulary + size - 1) / size, index_t(1)), size};
  }
};

/// A piece of a row, and where the row's target lies from its beginning: outside it, mostly.
template <class Row>
struct row_piece {
  Row part;
  index_t target;

  row_piece(Row const& row, index_t row_target, row_pieces const& pieces, index_t k)
      : part(row.part(min(k * pieces.size, row.size()),
                      min(pieces.size, max(row.size() - k * pieces.size, index_t(0))))),
        target(row_target - k * pieces.size)
  {
  }
};

template <class Real, class Executor, class Row>
token_stats<Real> piece_stats(Executor& ex, Row const& row, index_t target,
                              logit_transform<Real> const& transform, row_pieces const& pieces,
                              index_t k)
{
  row_piece<Row> const piece(row, target, pieces, k);
  return row_stats<Real>(ex, piece.part, piece.target, transform);
}

/// `row_log_prob`, piece after piece.
template <class Real, class Executor, class Row>
row_log_prob_result<Real> log_prob_in_pieces(Executor& ex, Row const& row, index_t target,
                                             logit_transform<Real> const& transform,
                                             row_pieces const& pieces)
{
  if (target < 0) { return {}; }
  token_stats<Real> stats = piece_stats<Real>(ex, row, target, transform, pieces, 0);
  for (index_t k = 1; k < pieces.count; ++k) {
    stats.merge(piece_stats<Real>(ex, row, target, transform, pieces, k));
  }
  return stats.result();
}

/// Calls `write(i, result)` with the `log_prob_in_pieces` of each row, whose pieces the threads
/// share. `target_of(i)` is negative where a row is not to be read.
template <class Real, class Executor, class Target = compile_target, class Matrix, class TargetOf,
          class Write>
void log_probs_of_few_rows(Matrix const& logits, TargetOf const& target_of,
                           logit_transform<Real> const& transform, int threads, Write const& write)
{
  row_pieces const pieces = row_pieces::of(logits.cols);
  token_stats<Real> stats[row_pieces::most];
  index_t const rows_at_once = row_pieces::most / pieces.count;
  for (index_t first = 0; first < logits.rows; first += rows_at_once) {
    index_t const rows = min(rows_at_once, logits.rows - first);
    token_stats<Real>* const part = stats;
    PREFOPT_PARALLEL_FOR(threads)
    for (index_t t = 0; t < rows * pieces.count; ++t) {
      Executor ex;
      index_t const i = first + t / pieces.count;
      index_t const target = target_of(i);
      if (target < 0) { continue; }
      part[t] = piece_stats<Real>(ex, logits.row(i), target, transform, pieces, t % pieces.count);
    }
    for (index_t r = 0; r < rows; ++r) {
      token_stats<Real>& total = part[r * pieces.count];
      for (index_t k = 1; k < pieces.count; ++k) { total.merge(part[r * pieces.count + k]); }
      bool const ignored = target_of(first + r) < 0;
      write(first + r, ignored ? row_log_prob_result<Real>{} : total.result());
    }
  }
}

/// Writes the gradients of rows whose pieces the threads share. A row's elements come from
/// `gradient_of(i, target, result)`, with the `log_prob_in_pieces` of its logits unless
/// `has_results`; they are zeros where `target_of(i)` is negative. `out` may be the logits:
/// gradients are made before any thread writes.
template <class Real, class Executor, class Target = compile_target, class Logits, class Out,
          class TargetOf, class GradientOf>
void gradients_of_few_rows(Logits const& logits, Out const& out, TargetOf const& target_of,
                           GradientOf const& gradient_of, bool has_results,
                           logit_transform<Real> const& transform, int threads, bool streams)
{
  using stored = typename Out::element_type;
  row_pieces const pieces = row_pieces::of(logits.cols);
  logit_gradient<Real, stored> gradients[row_pieces::most];
  index_t const rows_at_once = row_pieces::most / pieces.count;
  for (index_t first = 0; first < logits.rows; first += rows_at_once) {
    index_t const rows = min(rows_at_once, logits.rows - first);
    auto* const row = gradients;
    if (has_results) {
      for (index_t r = 0; r < rows; ++r) {
        row[r] = gradient_of(first + r, target_of(first + r), {});
      }
    } else {
      Logits some = logits;
      some.data += first * logits.row_stride;
      some.rows = rows;
      log_probs_of_few_rows<Real, Executor>(
          some, [&](index_t r) { return target_of(first + r); }, transform, threads,
          [&](index_t r, row_log_prob_result<Real> const& result) {
            row[r] = gradient_of(first + r, target_of(first + r), result);
          });
    }
    PREFOPT_PARALLEL_FOR(threads)
    for (index_t t = 0; t < rows * pieces.count; ++t) {
      Executor ex;
      if constexpr (requires { ex.streams; }) { ex.streams = streams; }
      index_t const i = first + t / pieces.count;
      index_t const k = t % pieces.count;
      row_piece const in(logits.row(i), target_of(i), pieces, k);
      row_piece const to(out.row(i), target_of(i), pieces, k);
      auto gradient = row[t / pieces.count];
      gradient.target = in.target;
      write_gradient(ex, in.part, to.part, target_of(i) < 0, gradient);
      if (streams) { finish_streaming(); }
    }
  }
}

}  // namespace prefopt::detail
