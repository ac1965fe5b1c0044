// SPDX-License-Identifier: MIT
#pragma once
/// \file  In which chunks a head in device memory is read, and in how much memory.

#include <cstddef>
#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/head/plan.hpp>
#include <prefopt/row/logit_stats.hpp>

namespace prefopt::gpu {
namespace detail {

/// Rows of one product, at most: the gradient of the weights is read and written once for so many.
/// Our choice, not measured.
inline constexpr index_t head_block_rows = 4096;

/// Where everything lies that a pass needs, in bytes.
template <class Stored, class Real>
struct head_layout {
  prefopt::detail::workspace_layout total{};
  index_t id, count, tokens, ones, hidden, d_hidden, logits, gradient;

  head_layout(head_plan const& plan, index_t rows, index_t width)
  {
    id = total.add<index_t>(rows);
    count = total.add<index_t>(1);
    tokens = total.add<token_stats<Real>>(plan.rows);
    ones = total.add<Stored>(plan.rows);
    hidden = total.add<Stored>(plan.rows * width);
    d_hidden = total.add<Real>(plan.rows * width);
    logits = total.add<Real>(plan.rows * plan.columns);
    gradient = std::is_same_v<Stored, Real> ? logits : total.add<Stored>(plan.rows * plan.columns);
  }
};

/// The caller's workspace, cut so.
template <class Stored, class Real>
struct head_memory {
  index_t* id;                ///< [n] rows that count in their order, then all others
  index_t* count;             ///< how many count
  token_stats<Real>* tokens;  ///< [rows]
  Stored* ones;               ///< [rows]
  Stored* hidden;             ///< [rows, D]
  Real* d_hidden;             ///< [rows, D]
  Real* logits;               ///< [rows, columns]
  Stored* gradient;           ///< [rows, columns]; the logits' memory where they have its type

  head_memory(std::byte* workspace, head_plan const& plan, index_t rows, index_t width)
  {
    head_layout<Stored, Real> const layout(plan, rows, width);
    prefopt::detail::workspace_pieces const pieces(workspace);
    pieces.place(id, layout.id);
    pieces.place(count, layout.count);
    pieces.place(tokens, layout.tokens);
    pieces.place(ones, layout.ones);
    pieces.place(hidden, layout.hidden);
    pieces.place(d_hidden, layout.d_hidden);
    pieces.place(logits, layout.logits);
    pieces.place(gradient, layout.gradient);
  }
};

/// Rows of a product, of all blocks together.
template <class Real>
index_t counted_rows(index_t rows, head_options<Real, device_memory> const& options)
{
  return options.counted < 0 ? rows : min(options.counted, rows);
}

}  // namespace detail

/// The chunks and the bytes of device workspace for `rows` hidden states of `Stored` [rows, width]
/// and a head [vocabulary, width], of `options` the `workspace_bytes`, `counted` and the shape of
/// `kept`.
///
/// Up to 4096 rows that count are gathered, in up to half of the workspace; the other half holds
/// their logits of as many words as fit, and the gradient of these logits as the products read it.
/// At D = 4096 in bf16 the default of 256 MB takes 4096 rows by 5184 words. Logits are kept of the
/// first 4096 rows that count (or fewer, if a block has fewer), if `options.kept` holds them all.
/// 8 bytes for each of the `rows` come on top. Throws `std::invalid_argument` for a workspace in
/// which not one row and 64 words fit.
template <class Stored,
          class Real = std::conditional_t<std::is_same_v<Stored, double>, double, float>>
head_plan plan_head(index_t rows, index_t width, index_t vocabulary,
                    std::type_identity_t<head_options<Real, device_memory>> const& options = {})
{
  using layout = detail::head_layout<Stored, Real>;
  using prefopt::detail::workspace_layout;
  constexpr index_t step = prefopt::detail::column_step;
  constexpr auto sum = static_cast<index_t>(sizeof(Real));
  constexpr auto stored = static_cast<index_t>(sizeof(Stored));
  constexpr index_t logit = sum + (std::is_same_v<Stored, Real> ? 0 : stored);
  index_t const row = width * (stored + sum) + stored + index_t(sizeof(token_stats<Real>));
  index_t const least = max(row, step * logit);
  index_t const fixed = layout({}, rows, width).total.bytes + 8 * workspace_layout::line;
  index_t const half = (options.workspace_bytes - fixed) / 2;
  if (half < least) {
    prefopt::detail::throw_invalid("gpu::plan_head", "workspace_bytes",
                                   std::to_string(2 * least + fixed) + " or more",
                                   std::to_string(options.workspace_bytes));
  }
  auto const at_least_1 = [](index_t n) { return max(n, index_t(1)); };
  index_t const counted = detail::counted_rows(rows, options);
  head_plan plan;
  plan.rows = at_least_1(min(min(counted, detail::head_block_rows), half / least));
  plan.columns = at_least_1(min(half / (plan.rows * logit) / step * step, vocabulary));
  plan.gathered = plan.rows;
  plan.kept = options.kept.cols >= plan.rows ? min(plan.rows, counted) : 0;
  plan.bytes = layout(plan, rows, width).total.bytes;
  return plan;
}

}  // namespace prefopt::gpu
