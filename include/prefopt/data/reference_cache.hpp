// SPDX-License-Identifier: MIT
#pragma once
/// \file  Log-probabilities of the frozen reference, computed once: given out only for the rows
/// that they were computed for.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/config.hpp>
#include <prefopt/core/bytes.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/data/row_identity.hpp>
#include <prefopt/data/scoring_path.hpp>

namespace prefopt {

/// One answer under one condition.
struct reference_row {
  row_identity row{};
  double sum = 0;  ///< sum w log p over the tokens that count, nats
};

/// What a pass of the reference over the data found. A pair has a row for each branch (chosen,
/// rejected, chosen under a perturbed image), in an order of the caller's.
struct reference_cache {
  std::string model{};  ///< which weights: a name with a revision, or a hash of the files
  scoring_path path{};
  std::vector<reference_row> rows{};
};

/// The rows of a batch, as the trainer has them at hand.
struct reference_request {
  std::string model{};                     ///< the weights that the run's reference has
  scoring_path path{};                     ///< how the policy is scored
  vector_view<index_t const> samples{};    ///< which rows of the cache
  vector_view<row_identity const> rows{};  ///< what those rows are in this batch
};

/// Columns of the reference over the rows of a batch; each is optional.
template <class Real>
struct reference_columns {
  vector_view<Real> sum{};    ///< sum w log p
  vector_view<Real> count{};  ///< tokens that count
};

namespace detail {

/// Throws, naming row and field, unless the kept row is the batch's.
inline void check_identity(char const* function, std::string const& where, row_identity const& kept,
                           row_identity const& at_hand)
{
  auto const same = [&](char const* what, bool equal, std::string const& expected,
                        std::string const& got) {
    if (!equal) {
      throw_invalid(function, where + ", " + what, expected + " as in the cache", got);
    }
  };
  auto const hash = [&](char const* what, std::uint64_t expected, std::uint64_t got) {
    same(what, expected == got, hash_text(expected), hash_text(got));
  };
  hash("hash of the token ids", kept.tokens, at_hand.tokens);
  same("tokens that count", kept.count == at_hand.count, std::to_string(kept.count),
       std::to_string(at_hand.count));
  hash("hash of mask and weights", kept.counted, at_hand.counted);
  hash("hash of the image ids", kept.images, at_hand.images);
}

}  // namespace detail

/// Writes the kept log-probabilities of the rows that `request` names. Throws
/// `std::invalid_argument` before it writes, naming the first row and what of it differs, when the
/// cache was made by another model or path, or for other tokens, masks, weights or images; when a
/// sample is outside the cache; and when a kept number is NaN.
template <class Real>
void reference_log_probs(reference_cache const& cache, reference_request const& request,
                         reference_columns<Real> const& out)
{
  char const* const function = "reference_log_probs";
  index_t const n = request.samples.extent;
  auto const kept_rows = static_cast<index_t>(cache.rows.size());
  detail::require_extent(function, "rows", n, request.rows.extent);
  if (out.sum) { detail::require_extent(function, "sum", n, out.sum.extent); }
  if (out.count) { detail::require_extent(function, "count", n, out.count.extent); }
  if (request.model.empty() || request.model != cache.model) {
    detail::throw_invalid(function, "model", detail::quoted(cache.model) + " as in the cache",
                          detail::quoted(request.model));
  }
  check_same_path(request.path, cache.path);
  for (index_t i = 0; i < n; ++i) {
    index_t const sample = request.samples[i];
    std::string const where =
        "row " + std::to_string(i) + " (sample " + std::to_string(sample) + ")";
    if (sample < 0 || sample >= kept_rows) {
      detail::throw_invalid(function, where, "a sample below " + std::to_string(kept_rows),
                            std::to_string(sample));
    }
    reference_row const& kept = cache.rows[static_cast<std::size_t>(sample)];
    detail::check_identity(function, where, kept.row, request.rows[i]);
    if (kept.sum != kept.sum) {
      detail::throw_invalid(function, where + ", log-probability", "a number", "NaN");
    }
  }
  for (index_t i = 0; i < n; ++i) {
    reference_row const& kept = cache.rows[static_cast<std::size_t>(request.samples[i])];
    if (out.sum) { out.sum[i] = static_cast<Real>(kept.sum); }
    if (out.count) { out.count[i] = static_cast<Real>(kept.row.count); }
  }
}

}  // namespace prefopt
