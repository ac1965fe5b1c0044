// SPDX-License-Identifier: MIT
#pragma once
/// \file  Token weights for sequence sums: tokens that changed, tokens beyond the shared length.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/row_checks.hpp>
#include <prefopt/row/sequence.hpp>
#include <prefopt/token/matching_blocks.hpp>

namespace prefopt {

/// Which tokens count as changed between the answers of a pair, and what they weigh.
///
/// | method | changed | unchanged | of `sequence_sums` |
/// |---|---|---|---|
/// | DDPO (RLHF-V, arXiv 2312.00849), gamma 5 in the paper, 3 in its code | gamma | 1 | mean; sum
/// in the code, by default | | CHiP's segments (arXiv 2501.16629): (sum log p + gamma sum over
/// changed) / C | 1 + gamma | 1 | mean | | only what changed (VL-RLHF) | 1 | 0 | sum |
template <class Real>
struct changed_token_options {
  Real changed = Real(3);
  Real unchanged = Real(1);
  /// Shorter blocks that match are taken for chance, and their tokens for changed.
  index_t shortest_block = 3;
  /// True: changed is only what replaces something, as in RLHF-V's code, where tokens that were
  /// inserted between two blocks, or that the other answer left out, keep the weight `unchanged`.
  bool replaced_only = false;
  /// See `matching_blocks`.
  bool autojunk = true;
};

/// Writes the weights of the tokens of two answers: `unchanged` within the blocks of
/// `matching_blocks(first, second)` that are long enough, else `changed`.
///
/// RLHF-V's code has the rejected row first and the chosen row second, both with their prompt. The
/// prompt is masked in the sums; leaving it out of the comparison may give other blocks.
template <class Real = float, class First, class Second>
void changed_token_weights(First&& first, Second&& second,
                           std::type_identity_t<vector_view<Real>> first_weight,
                           std::type_identity_t<vector_view<Real>> second_weight,
                           std::type_identity_t<changed_token_options<Real>> const& options = {})
{
  using token = detail::element_of<First>;
  char const* const function = "changed_token_weights";
  vector_view<token const> const a(std::forward<First>(first));
  vector_view<detail::element_of<Second> const> const b(std::forward<Second>(second));
  detail::require_extent(function, "first_weight", a.extent, first_weight.extent);
  detail::require_extent(function, "second_weight", b.extent, second_weight.extent);

  auto const fill = [](vector_view<Real> const& weight, index_t begin, index_t end, Real value) {
    for (index_t t = begin; t < end; ++t) { weight[t] = value; }
  };
  matching_block last{};  // the gap before a block reaches back to the end of the last one
  auto const close_gap = [&](index_t a_begin, index_t b_begin) {
    bool const replaces = a_begin > last.first_end() && b_begin > last.second_end();
    Real const value = replaces || !options.replaced_only ? options.changed : options.unchanged;
    fill(first_weight, last.first_end(), a_begin, value);
    fill(second_weight, last.second_end(), b_begin, value);
  };
  for (matching_block const& block : matching_blocks(a, b, options.autojunk)) {
    if (block.size < options.shortest_block) { continue; }
    close_gap(block.first_begin, block.second_begin);
    fill(first_weight, block.first_begin, block.first_end(), options.unchanged);
    fill(second_weight, block.second_begin, block.second_end(), options.unchanged);
    last = block;
  }
  close_gap(a.extent, b.extent);
}

/// LD-DPO (arXiv 2409.06411): the weights of the tokens of every sequence are 1 up to the length
/// of the shorter answer of its pair and `alpha` beyond.
///
///     shared_length_weights(layout, answer_mask, partner, 0.3f, weight);
///     sequence_sums(layout, {.log_prob = lp, .weight = weight, .mask = answer_mask}, {.sum = s});
///
/// `partner[s]` is the sequence that s is compared with (chosen and rejected in halves: s + n / 2
/// and s - n / 2; interleaved: s ^ 1). Lengths count the tokens that `mask` keeps; an absent mask
/// keeps all. Tokens outside every sequence and masked ones get 0.
///
/// Whose log-probabilities the weights apply to is the caller's choice: TRL weighs policy and
/// reference, so that the loss starts at log 2; LLaMA-Factory and ms-swift weigh the policy only,
/// and start where the unweighted tails of the reference put them.
template <class Real, class Layout>
void shared_length_weights(Layout const& layout,
                           std::type_identity_t<vector_view<std::uint8_t const>> mask,
                           std::type_identity_t<vector_view<index_t const>> partner, Real alpha,
                           std::type_identity_t<vector_view<Real>> weight)
{
  char const* const function = "shared_length_weights";
  detail::check_layout(function, layout, weight.extent);
  detail::check_extents{function, weight.extent}("mask", mask);
  detail::require_extent(function, "partner", layout.size(), partner.extent);
  for (index_t s = 0; s < layout.size(); ++s) {
    if (partner[s] < 0 || partner[s] >= layout.size()) {
      detail::throw_invalid(function, "partner of sequence " + std::to_string(s),
                            "a sequence below " + std::to_string(layout.size()),
                            std::to_string(partner[s]));
    }
  }
  token_columns<Real> const tokens{.mask = mask};
  auto const length_of = [&](index_t s) {
    index_t length = 0;
    for (index_t t = layout.begin(s); t < layout.end(s); ++t) {
      length += detail::token_counts(tokens, t) ? 1 : 0;
    }
    return length;
  };
  for (index_t t = 0; t < weight.extent; ++t) { weight[t] = Real(0); }
  for (index_t s = 0; s < layout.size(); ++s) {
    index_t const shared = min(length_of(s), length_of(partner[s]));
    index_t position = 0;
    for (index_t t = layout.begin(s); t < layout.end(s); ++t) {
      if (!detail::token_counts(tokens, t)) { continue; }
      weight[t] = position < shared ? Real(1) : alpha;
      ++position;
    }
  }
}

}  // namespace prefopt
