// SPDX-License-Identifier: MIT
#pragma once
/// \file  Tokens to sequences: sums, counts and scores, and per-token seeds on the way back.

#include <cstdint>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/row/sequence_stats.hpp>

namespace prefopt {

/// How per-sequence derivatives become per-token seeds.
template <class Real, class Space = host_memory>
struct token_seed_options {
  /// The loss was computed from `mean`, not from `sum`: divide by the sequence's sum of weights.
  bool mean = false;
  /// The caller's loss scale over the caller's global count.
  Real scale = Real(1);
  /// Add to the seeds instead of overwriting them.
  bool accumulate = false;
  /// Host threads (with OpenMP). The results do not depend on it.
  int threads = 1;
};

namespace detail {

template <class Real, class Space>
PREFOPT_HD bool token_counts(token_columns<Real, Space> const& in, index_t t)
{
  return in.mask.data == nullptr || in.mask[t] != 0;
}

template <class Real, class Space>
PREFOPT_HD Real token_weight(token_columns<Real, Space> const& in, index_t t)
{
  return in.weight.data == nullptr ? Real(1) : in.weight[t];
}

/// Sequence s, token by token in order; tokens that do not count are not even read, so packed and
/// padded layouts add the same numbers in the same order.
template <class Sum, class Real, class Space, class Layout>
PREFOPT_HD sequence_stats<Sum> sum_sequence(Layout const& layout,
                                            token_columns<Real, Space> const& in, index_t s)
{
  sequence_stats<Sum> stats;
  for (index_t t = layout.begin(s); t < layout.end(s); ++t) {
    if (!token_counts(in, t)) { continue; }
    Real const entropy = in.entropy.data == nullptr ? Real(0) : in.entropy[t];
    stats.push(static_cast<Sum>(in.log_prob[t]), static_cast<Sum>(entropy),
               static_cast<Sum>(token_weight(in, t)));
  }
  return stats;
}

template <class Sum, class Real, class Space>
PREFOPT_HD void write_sequence(sequence_columns<Real, Space> const& out, index_t s,
                               sequence_stats<Sum> const& stats)
{
  if (out.sum.data != nullptr) { out.sum[s] = static_cast<Real>(stats.sum); }
  if (out.mean.data != nullptr) { out.mean[s] = static_cast<Real>(stats.mean()); }
  if (out.count.data != nullptr) { out.count[s] = static_cast<Real>(stats.count); }
  if (out.weight.data != nullptr) { out.weight[s] = static_cast<Real>(stats.weight); }
  if (out.entropy.data != nullptr) { out.entropy[s] = static_cast<Real>(stats.entropy); }
  if (out.target_entropy.data != nullptr) {
    out.target_entropy[s] = static_cast<Real>(stats.target_entropy);
  }
}

/// Writes the seeds of sequence s.
template <class Sum, class Real, class Space, class Layout>
PREFOPT_HD void seed_sequence(Layout const& layout, token_columns<Real, Space> const& in,
                              Real d_sequence, vector_view<Real, Space> const& seeds,
                              token_seed_options<Real, Space> const& options, index_t s)
{
  Sum factor = static_cast<Sum>(options.scale) * static_cast<Sum>(d_sequence);
  if (options.mean) {
    Sum weight(0);
    for (index_t t = layout.begin(s); t < layout.end(s); ++t) {
      if (token_counts(in, t)) { weight += static_cast<Sum>(token_weight(in, t)); }
    }
    factor = weight == Sum(0) ? Sum(0) : factor / weight;
  }
  for (index_t t = layout.begin(s); t < layout.end(s); ++t) {
    Real const weight = token_counts(in, t) ? token_weight(in, t) : Real(0);
    Real const seed =
        weight == Real(0) ? Real(0) : static_cast<Real>(factor * static_cast<Sum>(weight));
    seeds[t] = options.accumulate ? seeds[t] + seed : seed;
  }
}

}  // namespace detail

/// Sums over the tokens of each sequence, for columns in host memory:
///
///     sequence_sums<float>(make_packed(cu_seqlens), {.log_prob = lp, .mask = answer},
///                          {.sum = logp, .count = length});
///
/// Only `mask` leaves a token out of counts, means and sums of entropies: there are no targets here
/// to show that a row was ignored (target -100), and its log_prob of 0 counts as a certain token.
/// Rows with ignored targets therefore need a mask, which `counted_tokens` makes from them. A token
/// that is masked is not read; one with weight 0 counts, and adds nothing even where its log_prob
/// is -inf. Sums are made in `Sum`, in token order, and rounded to `Real` once: the two
/// layouts give the same bits. Throws `std::invalid_argument` for lengths and offsets that do not
/// fit. Allocates nothing.
template <class Real = float, class Sum = double, class Layout,
          class Target = detail::compile_target>
void sequence_sums(Layout const& layout, std::type_identity_t<token_columns<Real>> const& in,
                   std::type_identity_t<sequence_columns<Real>> const& out, int threads = 1)
{
  char const* const function = "sequence_sums";
  detail::require_threads(function, threads);
  detail::require_sequences(function, layout);
  if (!in.log_prob && layout.size() > 0 && layout.end(layout.size() - 1) > 0) {
    detail::throw_invalid(function, "column 'log_prob'", "one number per token", "none");
  }
  detail::check_layout(function, layout, in.log_prob.extent);
  detail::check_tokens(function, in.log_prob.extent, in);
  detail::check_sequences(function, layout.size(), out);
  index_t const n = layout.size();
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t s = 0; s < n; ++s) {
    detail::write_sequence(out, s, detail::sum_sequence<Sum>(layout, in, s));
  }
}

/// Seeds dL/dlogp[t] of every token from dL/d(sum or mean of its sequence):
/// seeds[t] = scale d_sequence[s] w[t], divided by the sequence's sum of weights for `mean`.
///
/// Tokens that are masked or outside every sequence get 0, and so does a whole sequence whose
/// weights are 0. `in` gives mask and weights; its other columns are not read. For `mean`, rows
/// with ignored targets need the same mask as in `sequence_sums`.
template <class Real = float, class Sum = double, class Layout,
          class Target = detail::compile_target>
void token_seeds(Layout const& layout, std::type_identity_t<token_columns<Real>> const& in,
                 std::type_identity_t<vector_view<Real const>> d_sequence,
                 std::type_identity_t<vector_view<Real>> seeds,
                 std::type_identity_t<token_seed_options<Real>> const& options = {})
{
  char const* const function = "token_seeds";
  detail::require_threads(function, options.threads);
  detail::check_layout(function, layout, seeds.extent);
  detail::check_tokens(function, seeds.extent, in);
  index_t const n = layout.size();
  detail::require_extent(function, "d_sequence", n, d_sequence.extent);
  int const threads = options.threads;
  if (!options.accumulate) {
    for (index_t t = 0; t < seeds.extent; ++t) { seeds[t] = Real(0); }
  }
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t s = 0; s < n; ++s) {
    detail::seed_sequence<Sum>(layout, in, d_sequence[s], seeds, options, s);
  }
}

/// What `row_options` says of which rows count.
struct counted_options {
  index_t ignore_index = -100;
  vector_view<std::uint8_t const> mask{};  ///< one byte per token; absent: all count
};

/// Which tokens count: counted[i] = 1 unless targets[i] is `ignore_index` or `mask` says 0. With
/// it as their mask, sequence sums count the tokens that `log_probs` has scored, and no others.
template <class Targets>
void counted_tokens(Targets&& targets, vector_view<std::uint8_t> counted,
                    counted_options const& options = {})
{
  using target_type = detail::element_of<Targets>;
  vector_view<target_type const> const y(std::forward<Targets>(targets));
  detail::require_extent("counted_tokens", "counted", y.extent, counted.extent);
  detail::check_extents{"counted_tokens", y.extent}("mask", options.mask);
  for (index_t i = 0; i < y.extent; ++i) {
    counted[i] = detail::is_ignored(y, options.ignore_index, options.mask, i) ? 0 : 1;
  }
}

}  // namespace prefopt
