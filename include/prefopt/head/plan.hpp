// SPDX-License-Identifier: MIT
#pragma once
/// \file  How a head is read, in which chunks, and in how much memory.

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/head/identity.hpp>
#include <prefopt/row/logit_stats.hpp>
#include <prefopt/row/row_options.hpp>

namespace prefopt {

/// How hidden states are scored by a head, and how the gradients are written.
template <class Real, class Space = host_memory>
struct head_options {
  /// As of the functions on logits: which rows count, transform of the logits, vocabulary shard
  /// (`weight` holds rows `shard.first` ... of the whole head), threads; for gradients also `scale`
  /// and `forward`, all three columns of it.
  row_options<Real, Space> rows{};
  /// One number per word, added to its raw logit, before the transform.
  vector_view<Real const, Space> bias{};
  /// [V, K], contiguous: memory that holds the logits of the first K rows that count, from
  /// `head_log_probs` until `head_gradients`, which then multiplies three times instead of four.
  /// Commonly the very matrix that the gradient of the weights will be written to. Both calls get
  /// the same options. Absent: logits are computed again.
  matrix_view<Real, Space> kept{};
  /// For gradients: what `head_log_probs` returned; a head that has changed since is refused.
  head_identity head{};
  /// For gradients: adds to `d_weight` and `d_bias` instead of overwriting them.
  bool accumulate = false;
  /// What chunks and gathered hidden states may take; `plan_head` says how much they do.
  index_t workspace_bytes = std::is_same_v<Space, host_memory> ? 8'000'000 : 256'000'000;
  /// Of calls in device memory, whose targets and mask the host cannot read: how many rows count,
  /// at most. More rows are not multiplied; -1: all.
  index_t counted = -1;
};

/// The chunks that a call works in. They depend on nothing but the arguments of `plan_head`.
struct head_plan {
  index_t rows = 0;     ///< of one product, at most
  index_t columns = 0;  ///< words of one product
  index_t gathered =
      0;              ///< rows that are copied together at a time, where ignored rows lie between
  index_t kept = 0;   ///< rows whose logits are kept, at most
  index_t bytes = 0;  ///< of workspace
};

namespace detail {

/// Calls f(first, count) for the words of each chunk.
template <class F>
void for_each_chunk(head_plan const& plan, index_t words, F const& f)
{
  for (index_t first = 0; first < words; first += plan.columns) {
    f(first, min(plan.columns, words - first));
  }
}

/// Below this many rows, products lose time to reading the head: measured at D = 1024 with V =
/// 16000 on Zen 5, 64 rows reach 70 % of a whole product's speed, 128 82-98 %, 256 91-109 %, 512
/// 100-112 % (OpenBLAS, oneDNN).
inline constexpr index_t head_block_rows = 512;
inline constexpr index_t column_step = 64;

/// Pieces of the caller's memory, each on a cache line of its own.
struct workspace_layout {
  static constexpr index_t line = 64;
  index_t bytes = line - 1;  ///< until the first line begins

  template <class T>
  index_t add(index_t count)
  {
    index_t const at = bytes;
    bytes += (count * static_cast<index_t>(sizeof(T)) + line - 1) / line * line;
    return at;
  }
};

/// Where such pieces lie in memory at an address: their offsets are those from one byte behind a
/// line, of which the layout skips the rest.
class workspace_pieces {
 public:
  explicit workspace_pieces(std::byte* memory)
      : memory_(memory),
        skipped_(static_cast<index_t>(
            (reinterpret_cast<std::uintptr_t>(memory) + workspace_layout::line - 1) %
            workspace_layout::line))
  {
  }

  template <class T>
  void place(T*& pointer, index_t offset) const
  {
    pointer = reinterpret_cast<T*>(memory_ + (offset - skipped_));
  }

 private:
  std::byte* memory_;
  index_t skipped_;
};

/// Where everything lies that a pass needs, in bytes.
template <class Stored, class Real>
struct head_layout {
  workspace_layout total{};
  index_t logits, hidden, id, target, tokens, column[6];

  explicit head_layout(head_plan const& plan, index_t width)
  {
    logits = total.add<Real>(max(plan.rows, plan.kept) * plan.columns);
    hidden = total.add<Stored>(plan.gathered * width);
    id = total.add<index_t>(plan.rows);
    target = total.add<index_t>(plan.rows);
    tokens = total.add<token_stats<Real>>(plan.rows);
    for (index_t& c : column) { c = total.add<Real>(plan.rows); }
  }
};

}  // namespace detail

/// The chunks and the bytes of workspace for `rows` hidden states of `Stored` [rows, width] and a
/// head [vocabulary, width], of `options` the `workspace_bytes` and the shape of `kept`.
///
/// A chunk is 512 rows, so that the head is read seldom, and as many words as half the workspace
/// holds the logits of: 1920 in the 8 MB that are the default, which stay in a shared
/// cache between product and softmax. The other half is for hidden states that are gathered. Where
/// logits are kept, a chunk has all rows that are kept and fewer words. Small shapes take less.
template <class Stored,
          class Real = std::conditional_t<std::is_same_v<Stored, double>, double, float>>
head_plan plan_head(index_t rows, index_t width, index_t vocabulary,
                    std::type_identity_t<head_options<Real>> const& options = {})
{
  using layout = detail::head_layout<Stored, Real>;
  constexpr auto element = static_cast<index_t>(sizeof(Real));
  index_t const least = detail::column_step * element;
  if (options.workspace_bytes < 4 * least) {
    detail::throw_invalid("plan_head", "workspace_bytes", std::to_string(4 * least) + " or more",
                          std::to_string(options.workspace_bytes));
  }
  index_t const tile = options.workspace_bytes / 2 / element;
  auto const at_least_1 = [](index_t n) { return max(n, index_t(1)); };
  head_plan plan;
  plan.rows = at_least_1(min(min(rows, detail::head_block_rows), tile / detail::column_step));
  plan.kept = min(min(rows, options.kept.cols), tile / detail::column_step);
  index_t const columns = tile / max(plan.rows, plan.kept);
  plan.columns = at_least_1(min(columns / detail::column_step * detail::column_step, vocabulary));
  index_t const row_bytes = at_least_1(width) * static_cast<index_t>(sizeof(Stored));
  index_t const left = options.workspace_bytes - layout(plan, width).total.bytes;
  plan.gathered = at_least_1(min(plan.rows, left / row_bytes));
  plan.bytes = layout(plan, width).total.bytes;
  return plan;
}

}  // namespace prefopt
