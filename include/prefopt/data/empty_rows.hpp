// SPDX-License-Identifier: MIT
#pragma once
/// \file  Samples of which an answer has no token that counts: skipped, and reported.

#include <initializer_list>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// How many samples had tokens: a monoid, merged over micro-batches and ranks. `kept` is what a sum
/// over samples is divided by.
struct sample_counts {
  index_t kept = 0;
  index_t empty = 0;

  constexpr void merge(sample_counts const& other)
  {
    kept += other.kept;
    empty += other.empty;
  }
};

/// Sets the weight of every sample to 0 where one of its branches has no token, and leaves the
/// other weights as they are: `evaluate` and `summarize` leave out what weighs 0. `counts` are the
/// `count` columns of `sequence_sums`, one per branch. Samples that weigh 0 already are neither
/// kept nor empty. Throws `std::invalid_argument` for lengths that differ and for a count below 0
/// or NaN.
///
///     sample_counts const n = skip_empty<float>({chosen_count, rejected_count}, weight);
template <class Real>
sample_counts skip_empty(std::initializer_list<vector_view<Real const>> counts,
                         vector_view<Real> weight)
{
  char const* const function = "skip_empty";
  for (auto const& column : counts) {
    detail::require_extent(function, "count", weight.extent, column.extent);
    for (index_t i = 0; i < column.extent; ++i) {
      if (!(column[i] >= Real(0))) {
        detail::throw_invalid(function, "column 'count', sample " + std::to_string(i),
                              "0 tokens or more", std::to_string(column[i]));
      }
    }
  }
  sample_counts total;
  for (index_t i = 0; i < weight.extent; ++i) {
    if (weight[i] == Real(0)) { continue; }
    bool empty = false;
    for (auto const& column : counts) { empty = empty || column[i] < Real(1); }
    if (empty) { weight[i] = Real(0); }
    total.merge(empty ? sample_counts{0, 1} : sample_counts{1, 0});
  }
  return total;
}

}  // namespace prefopt
