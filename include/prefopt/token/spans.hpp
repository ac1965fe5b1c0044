// SPDX-License-Identifier: MIT
#pragma once
/// \file  Spans of tokens: where an answer begins in its row, and phrases that are summed apart.

#include <cstdint>
#include <string>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/data/token_span.hpp>
#include <prefopt/row/row_options.hpp>
#include <prefopt/row/sequence_stats.hpp>

namespace prefopt {

/// Spans as a layout of sequences: `sequence_sums` gives one sum for each span, and `token_seeds`
/// brings its derivative back. Phrases (HALVA) and answers within packed rows are such spans. They
/// are in order and do not overlap; tokens outside of them are in no sum and get seed 0.
template <class Space = host_memory>
struct span_sequences {
  vector_view<token_span const, Space> spans;

  PREFOPT_HD constexpr index_t size() const { return spans.extent; }
  PREFOPT_HD constexpr index_t begin(index_t s) const { return spans[s].begin; }
  PREFOPT_HD constexpr index_t end(index_t s) const { return spans[s].end; }
};

/// How many tokens two rows have in common from their first on.
template <class First, class Second>
index_t common_prefix(First&& first, Second&& second)
{
  vector_view<detail::element_of<First> const> const a(std::forward<First>(first));
  vector_view<detail::element_of<Second> const> const b(std::forward<Second>(second));
  index_t const shorter = min(a.size(), b.size());
  index_t n = 0;
  while (n < shorter && a[n] == b[n]) { ++n; }
  return n;
}

/// The answers of a pair within their rows (prompt and answer in one row each).
struct completion_spans {
  token_span chosen;
  token_span rejected;
  /// Tokens at the end of the prompt that were tokenised otherwise in one of the rows: a tokeniser
  /// may merge the prompt's last character with the answer's first. They count as answer.
  index_t merged_tokens = 0;
};

/// Where both answers begin: at the first token in which either row differs from the prompt.
///
///     auto const spans = find_completions(prompt_ids, chosen_ids, rejected_ids);
///
/// The prompt is tokenised alone, the rows as the model reads them. Looking at both rows, and not
/// at the prompt's length, keeps the condition of both answers the same tokens, so that no token of
/// one answer is scored as the other's prompt. Answers that begin alike keep their first tokens.
/// Positions are those of the tokens in the rows; for a causal model the log-probability of token
/// t stands at row t - 1 of its logits. A span of size 0 is an answer that truncation left
/// nothing of.
template <class Prompt, class Chosen, class Rejected>
completion_spans find_completions(Prompt&& prompt, Chosen&& chosen, Rejected&& rejected)
{
  vector_view<detail::element_of<Prompt> const> const p(std::forward<Prompt>(prompt));
  vector_view<detail::element_of<Chosen> const> const w(std::forward<Chosen>(chosen));
  vector_view<detail::element_of<Rejected> const> const l(std::forward<Rejected>(rejected));
  index_t const begin = min(common_prefix(p, w), common_prefix(p, l));
  return {{begin, w.size()}, {begin, l.size()}, p.size() - begin};
}

/// The mask of `sequence_sums`: mask[t] = 1 within any span, else 0. RRPO's phrases, summed per
/// answer, are a mask; spans may overlap here. Throws `std::invalid_argument` for a span that is
/// not within the tokens.
inline void mask_spans(vector_view<token_span const> spans, vector_view<std::uint8_t> mask)
{
  for (index_t s = 0; s < spans.extent; ++s) {
    detail::require_span("mask_spans", "span " + std::to_string(s), spans[s], 0, mask.extent);
  }
  for (index_t t = 0; t < mask.extent; ++t) { mask[t] = 0; }
  for (index_t s = 0; s < spans.extent; ++s) {
    for (index_t t = spans[s].begin; t < spans[s].end; ++t) { mask[t] = 1; }
  }
}

}  // namespace prefopt
