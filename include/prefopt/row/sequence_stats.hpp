// SPDX-License-Identifier: MIT
#pragma once
/// \file  Sequences as ranges of tokens, their columns, and what is summed over them.

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/row_checks.hpp>

namespace prefopt {

/// Sequences of different lengths one after another: sequence s is tokens
/// offsets[s] ... offsets[s + 1] - 1 (`cu_seqlens`). `offsets` has one entry more than sequences.
template <class Index, class Space = host_memory>
struct packed_sequences {
  vector_view<Index const, Space> offsets;

  PREFOPT_HD constexpr index_t size() const { return offsets.extent - 1; }
  PREFOPT_HD constexpr index_t begin(index_t s) const { return static_cast<index_t>(offsets[s]); }
  PREFOPT_HD constexpr index_t end(index_t s) const { return begin(s + 1); }
};

/// `count` sequences of `length` tokens each, padding (masked) included: sequence s is tokens
/// s length ... (s + 1) length - 1, the rows of a [count, length] matrix.
struct padded_sequences {
  index_t count = 0;
  index_t length = 0;

  PREFOPT_HD constexpr index_t size() const { return count; }
  PREFOPT_HD constexpr index_t begin(index_t s) const { return s * length; }
  PREFOPT_HD constexpr index_t end(index_t s) const { return begin(s + 1); }
};

/// The packed layout of any rank-1 tensor of offsets.
template <class Offsets>
auto make_packed(Offsets&& offsets)
{
  using index = detail::element_of<Offsets>;
  return packed_sequences<index>{vector_view<index const>(std::forward<Offsets>(offsets))};
}

/// Columns over tokens.
template <class Real, class Space = host_memory>
struct token_columns {
  vector_view<Real const, Space> log_prob{};  ///< log p of the target
  vector_view<Real const, Space> entropy{};   ///< of the whole distribution; absent: 0
  vector_view<Real const, Space> weight{};    ///< absent: 1 for every token
  /// One byte per token, 0 leaves it out: prompt, padding, tool output. Absent: all count, also
  /// those whose target was ignored (see `counted_tokens`).
  vector_view<std::uint8_t const, Space> mask{};
};

/// Columns over sequences; each is optional.
template <class Real, class Space = host_memory>
struct sequence_columns {
  vector_view<Real, Space> sum{};             ///< sum w log p
  vector_view<Real, Space> mean{};            ///< sum w log p / sum w; 0 where no token counts
  vector_view<Real, Space> count{};           ///< tokens that count
  vector_view<Real, Space> weight{};          ///< sum w
  vector_view<Real, Space> entropy{};         ///< sum of the distributions' entropies
  vector_view<Real, Space> target_entropy{};  ///< sum -p log p, p of the targets
};

/// -p log p of the token that came, p = e^log_prob, in nats: at most 1/e. A log_prob of -infinity
/// gives 0, the limit; NaN propagates.
template <class Real>
PREFOPT_HD Real target_entropy_of(Real log_prob)
{
  using std::exp;
  Real const p = exp(log_prob);
  return p == Real(0) ? Real(0) : -(p * log_prob);
}

/// What is summed over the tokens of a sequence: a commutative monoid, so that parts of a sequence
/// (context-parallel ranks) merge.
template <class Real>
struct sequence_stats {
  Real sum = Real(0);             ///< sum w log p
  Real weight = Real(0);          ///< sum w
  Real entropy = Real(0);         ///< sum H
  Real target_entropy = Real(0);  ///< sum -p log p: the difficulty score of arXiv 2410.15334
  index_t count = 0;

  PREFOPT_HD void push(Real log_prob, Real token_entropy, Real token_weight)
  {
    sum += token_weight == Real(0) ? Real(0) : token_weight * log_prob;
    weight += token_weight;
    entropy += token_entropy;
    target_entropy += target_entropy_of(log_prob);
    ++count;
  }

  PREFOPT_HD void merge(sequence_stats const& other)
  {
    sum += other.sum;
    weight += other.weight;
    entropy += other.entropy;
    target_entropy += other.target_entropy;
    count += other.count;
  }

  /// sum / weight; 0 for a sequence in which nothing counts.
  PREFOPT_HD Real mean() const { return weight == Real(0) ? Real(0) : sum / weight; }
};

namespace detail {

template <class Layout>
void require_sequences(char const* function, Layout const& layout)
{
  if (layout.size() < 0) {
    throw_invalid(function, "offsets", "one entry more than there are sequences", "none");
  }
}

/// Checks that sequences are in order and within `tokens` tokens.
template <class Layout>
void check_layout(char const* function, Layout const& layout, index_t tokens)
{
  require_sequences(function, layout);
  index_t last = 0;
  for (index_t s = 0; s < layout.size(); ++s) {
    if (layout.begin(s) < last || layout.end(s) < layout.begin(s) || layout.end(s) > tokens) {
      throw_invalid(function, "sequence " + std::to_string(s),
                    "tokens within " + std::to_string(last) + " to " + std::to_string(tokens),
                    std::to_string(layout.begin(s)) + " to " + std::to_string(layout.end(s)));
    }
    last = layout.end(s);
  }
}

template <class Real, class Space>
void check_tokens(char const* function, index_t tokens, token_columns<Real, Space> const& in)
{
  check_extents const check{function, tokens};
  check("entropy", in.entropy);
  check("weight", in.weight);
  check("mask", in.mask);
}

template <class Real, class Space>
void check_sequences(char const* function, index_t n, sequence_columns<Real, Space> const& out)
{
  check_extents const check{function, n};
  check("sum", out.sum);
  check("mean", out.mean);
  check("count", out.count);
  check("weight", out.weight);
  check("entropy", out.entropy);
  check("target_entropy", out.target_entropy);
}

}  // namespace detail
}  // namespace prefopt
