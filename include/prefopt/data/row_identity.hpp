// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a row's log-probability depends on besides the weights, as hashes: its tokens, which
/// of them count, and its images.

#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// Two rows are the same when all four are. Padding has no part in it, so a row has one identity in
/// a packed batch and in one that is padded on either side.
struct row_identity {
  std::uint64_t tokens = 0;   ///< ids in order, the prompt's too
  std::uint64_t counted = 0;  ///< which tokens are summed over, with which weights
  std::uint64_t images = 0;   ///< ids of the images in order
  index_t count = 0;          ///< tokens summed over

  friend constexpr bool operator==(row_identity const&, row_identity const&) = default;
};

/// What belongs to the tokens of one row; each is optional.
template <class Real>
struct identity_options {
  vector_view<std::uint8_t const> attended{};  ///< 0 marks padding; absent: there is none
  vector_view<std::uint8_t const> mask{};      ///< 0 leaves a token out of the sum; absent: none
  vector_view<Real const> weight{};            ///< of each token in the sum; absent: 1
  vector_view<index_t const> images{};         ///< ids of the row's images (`row_images::row`)
};

/// The identity of one row of token ids. A perturbed image has an id of its own: the tokens of a
/// row do not tell it from the clean one. Throws `std::invalid_argument` for lengths that differ
/// and for padding that counts.
template <class Real = float, class Ids>
row_identity identify_row(Ids&& ids, std::type_identity_t<identity_options<Real>> const& in = {})
{
  char const* const function = "identify_row";
  auto const tokens = as_vector(std::forward<Ids>(ids));
  static_assert(std::is_integral_v<std::remove_cvref_t<decltype(tokens[0])>>,
                "prefopt: token ids are integers");
  if (in.attended) {
    detail::require_extent(function, "attended", tokens.extent, in.attended.extent);
  }
  if (in.mask) { detail::require_extent(function, "mask", tokens.extent, in.mask.extent); }
  if (in.weight) { detail::require_extent(function, "weight", tokens.extent, in.weight.extent); }
  word_hash token_hash, counted_hash, image_hash;
  for (index_t t = 0; t < tokens.extent; ++t) {
    bool const counts = !in.mask || in.mask[t] != 0;
    if (in.attended && in.attended[t] == 0) {
      if (in.mask && counts) {
        detail::throw_invalid(function, "mask of token " + std::to_string(t),
                              "0, since it is padding", "1");
      }
      continue;
    }
    if (counts) {
      double const weight = in.weight ? static_cast<double>(in.weight[t]) : 1.0;
      counted_hash.push(static_cast<std::uint64_t>(token_hash.count));  // its place in the row
      counted_hash.push(std::bit_cast<std::uint64_t>(weight + 0.0));    // -0 is 0
    }
    token_hash.push(static_cast<std::uint64_t>(static_cast<index_t>(tokens[t])));
  }
  for (index_t k = 0; k < in.images.extent; ++k) {
    image_hash.push(static_cast<std::uint64_t>(in.images[k]));
  }
  return {token_hash.value(), counted_hash.value(), image_hash.value(), counted_hash.count / 2};
}

}  // namespace prefopt
