// SPDX-License-Identifier: MIT
#pragma once
/// \file  WPO's adjustments, greedy tokens and token accuracy of a matrix of logits in host memory.

#include <cstdint>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/row/peak_stats.hpp>
#include <prefopt/row/row_checks.hpp>
#include <prefopt/row/row_options.hpp>
#include <prefopt/row/rows.hpp>
#include <prefopt/row/simd_executor.hpp>

namespace prefopt {

/// One number per row; a column that is left out is not written.
template <class Real, class Space = host_memory>
struct peak_columns {
  log_prob_columns<Real, Space> rows{};      ///< what `log_probs` writes
  vector_view<Real, Space> adjustment{};     ///< WPO: log p_target - log sum p^2; ignored: 0
  vector_view<Real, Space> log_collision{};  ///< log sum p^2; ignored: 0
  vector_view<index_t, Space> greedy{};      ///< the lowest of the largest logits; ignored, NaN: -1
  /// 1 where the target is the greedy token, else 0. Of equal logits the lowest token is greedy, so
  /// a target that only ties with it is no hit.
  vector_view<Real, Space> hit{};
};

namespace detail {

/// The checks of `check_extents` for these columns.
template <class Real, class Space>
void check_peaks(char const* function, index_t rows, peak_columns<Real, Space> const& out)
{
  check_extents const check{function, rows};
  check(out.rows);
  check("adjustment", out.adjustment);
  check("log_collision", out.log_collision);
  check("greedy", out.greedy);
  check("hit", out.hit);
}

template <class Real, class Space>
PREFOPT_HD void write_peak(peak_columns<Real, Space> const& out, index_t i, index_t target,
                           row_peak_result<Real> const& peak)
{
  write_row(out.rows, i, peak.row);
  bool const hit = target >= 0 && peak.greedy == target;
  if (out.adjustment.data != nullptr) { out.adjustment[i] = peak.adjustment(); }
  if (out.log_collision.data != nullptr) { out.log_collision[i] = peak.log_collision; }
  if (out.greedy.data != nullptr) { out.greedy[i] = peak.greedy; }
  if (out.hit.data != nullptr) { out.hit[i] = hit ? Real(1) : Real(0); }
}

}  // namespace detail

/// `log_probs` with log sum p^2 and the greedy token of each row:
///
///     row_peaks(logits, targets, {.rows = {.log_prob = lp}, .adjustment = adj, .hit = hit});
///     sequence_sums(layout, {.log_prob = adj, .mask = answer}, {.mean = adjustment});
///
/// WPO's weight of a pair takes the mean adjustment of both answers, and no gradient; open-instruct
/// has computed it from sums, which is another loss. `logits` are those of the policy that is
/// trained. Arguments, options and errors are those of `log_probs`; rows are read about twice as
/// slowly. Vocabulary shards have no version of it.
template <class Real = void, class Executor = host_executor, class Logits, class Targets,
          class Target = detail::compile_target>
void row_peaks(Logits&& logits, Targets&& targets,
               peak_columns<detail::row_precision<Real, Logits>> const& out,
               row_options<detail::row_precision<Real, Logits>> const& options = {})
{
  using real = detail::row_precision<Real, Logits>;
  auto const in = detail::check_host_rows<real>("row_peaks", std::forward<Logits>(logits),
                                                std::forward<Targets>(targets), options);
  auto const x = in.logits;  // clang captures no structured bindings
  auto const y = in.targets;
  detail::check_peaks("row_peaks", x.rows, out);
  detail::check_whole_rows("row_peaks", x.cols, options);
  int const threads = options.threads;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t i = 0; i < x.rows; ++i) {
    Executor ex;
    index_t const target = detail::row_target(y, options, x.cols, i);
    detail::write_peak(out, i, target, row_peak<real>(ex, x.row(i), target, options.transform));
  }
}

/// Greedy hits among tokens, as counts that merge over batches and ranks.
struct token_accuracy {
  index_t hits = 0;
  index_t tokens = 0;

  constexpr void merge(token_accuracy const& other)
  {
    hits += other.hits;
    tokens += other.tokens;
  }

  /// hits / tokens; NaN for none.
  constexpr double value() const
  {
    return tokens == 0 ? quiet_nan_v<double>
                       : static_cast<double>(hits) / static_cast<double>(tokens);
  }
};

/// Counts column `hit` of `row_peaks`. `mask` has one byte per token, 0 leaves it out; without it
/// tokens whose target was ignored count as misses (`counted_tokens` makes the mask).
template <class Hits>
token_accuracy count_hits(Hits&& hit, vector_view<std::uint8_t const> mask = {})
{
  vector_view<detail::element_of<Hits> const> const hits(std::forward<Hits>(hit));
  detail::check_extents{"count_hits", hits.extent}("mask", mask);
  token_accuracy total;
  for (index_t t = 0; t < hits.extent; ++t) {
    if (mask && mask[t] == 0) { continue; }
    total.merge({hits[t] != 0 ? 1 : 0, 1});
  }
  return total;
}

}  // namespace prefopt
