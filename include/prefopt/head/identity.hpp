// SPDX-License-Identifier: MIT
#pragma once
/// \file  Which weights a head had: what a backward pass, or a second model, is compared with.

#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/bytes.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/row_options.hpp>

namespace prefopt {

/// A head's shape and a hash of a sample of its numbers: heads that are equal have equal records. A
/// head and the same head with an adapter merged into it differ.
struct head_identity {
  index_t vocabulary = 0;
  index_t width = 0;  ///< 0: no record
  std::uint64_t fingerprint = 0;

  friend bool operator==(head_identity const&, head_identity const&) = default;
};

namespace detail {

/// Rows of the head whose numbers are hashed, four of each: an adapter changes nearly all numbers.
inline constexpr index_t identity_rows = 1024;

template <class Stored, class Real>
head_identity identity_of(matrix_view<Stored const> const& w, vector_view<Real const> const& bias)
{
  word_hash hash;
  auto const push = [&hash](double x) { hash.push(std::bit_cast<std::uint64_t>(x)); };
  index_t const samples = min(w.rows, identity_rows);
  for (index_t s = 0; s < samples && w.cols > 0; ++s) {
    index_t const row = s * w.rows / samples;
    for (std::uint64_t k = 0; k < 4; ++k) {
      auto const at = mix64(4 * static_cast<std::uint64_t>(row) + k);
      auto const column = static_cast<index_t>(at % static_cast<std::uint64_t>(w.cols));
      push(to_real<double>(w.row(row)[column]));
    }
    if (bias) { push(static_cast<double>(bias[row])); }
  }
  return {w.rows, w.cols, hash.value()};
}

inline std::string identity_text(head_identity const& head)
{
  return std::to_string(head.vocabulary) + " x " + std::to_string(head.width) + " of fingerprint " +
         hash_text(head.fingerprint);
}

}  // namespace detail

/// The record of a head `weight` [V, D] with a `bias` [V] or none.
template <class Weight, class Real = detail::row_precision<void, Weight>>
head_identity identify_head(Weight&& weight,
                            std::type_identity_t<vector_view<Real const>> bias = {})
{
  using stored = detail::element_of<Weight>;
  return detail::identity_of<stored, Real>(std::forward<Weight>(weight), bias);
}

}  // namespace prefopt
