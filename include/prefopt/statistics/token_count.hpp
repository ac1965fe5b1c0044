// SPDX-License-Identifier: MIT
#pragma once
/// \file  Sequences and tokens of a batch, which make a mean over tokens a weight of sequences.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// N sequences and T tokens of the global batch.
///
/// A loss that is divided by N once, at the end, contains the token mean (sum of the sequences'
/// NLL) / T where each sequence's NLL has the weight N / T, `reduction::per_token` of core/nll.hpp:
/// the NLL of RPO, CPO, MPO and SFT in TRL is pointwise then, and no accumulation changes it. (TRL
/// and others divide by the tokens of the micro-batch: a mean of means.)
struct token_count {
  index_t sequences = 0;  ///< all of them, empty ones too: what the loss is divided by
  index_t tokens = 0;
  index_t empty = 0;  ///< sequences without a token, which add nothing and are worth a report

  /// Throws `std::invalid_argument` for a negative number.
  void push(index_t sequence_tokens)
  {
    if (sequence_tokens < 0) {
      detail::throw_invalid("token_count", "tokens", "0 or more", std::to_string(sequence_tokens));
    }
    sequences += 1;
    tokens += sequence_tokens;
    empty += sequence_tokens == 0 ? 1 : 0;
  }
  void merge(token_count const& other)
  {
    sequences += other.sequences;
    tokens += other.tokens;
    empty += other.empty;
  }

  /// N / T; 0, which `reduction::per_token` refuses, where the whole batch has no token.
  double sequences_per_token() const
  {
    return tokens == 0 ? 0 : static_cast<double>(sequences) / static_cast<double>(tokens);
  }

  bool operator==(token_count const&) const = default;
};

}  // namespace prefopt
