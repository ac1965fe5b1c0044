// SPDX-License-Identifier: MIT
#pragma once
/// \file  A number that tells one ranking from another, kept with the state of a run.

#include <cstdint>
#include <string>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// Identifies order and levels. Throws `std::invalid_argument` unless `order` holds every index
/// from 0 to its length once (checked by a 64-bit hash, so that it needs no memory) and the levels
/// fit it. Reads both once.
inline std::uint64_t ranking_fingerprint(vector_view<index_t const> order, level_view levels)
{
  constexpr char const* name = "ranking_fingerprint";
  check_levels(levels, order.size());
  auto const word = [](index_t i) { return static_cast<std::uint64_t>(i); };
  std::uint64_t hash = detail::mix64(word(order.size()));
  std::uint64_t surplus = 0;  // sums of hashes do not depend on the order
  for (index_t r = 0; r < order.size(); ++r) {
    if (order[r] < 0 || order[r] >= order.size()) {
      detail::throw_invalid(name, "order[" + std::to_string(r) + "]",
                            "an index below " + std::to_string(order.size()),
                            std::to_string(order[r]));
    }
    std::uint64_t const place = detail::mix64(word(r) + 1);
    surplus += detail::mix64(word(order[r]) + 1) - place;
    hash += detail::mix64(place ^ word(order[r]));
  }
  if (surplus != 0) {
    detail::throw_invalid(name, "order", "every sample once", "missing and repeated samples");
  }
  for (index_t k = 0; k <= levels.count(); ++k) {
    hash = detail::mix64(hash ^ word(levels.offsets[k])) + word(k);
  }
  return hash;
}

}  // namespace prefopt
