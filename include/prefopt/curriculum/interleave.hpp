// SPDX-License-Identifier: MIT
#pragma once
/// \file  Two rows of draws made one, with their shares in every stretch of it: which row a
/// position belongs to, and its place there, in O(1).

#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt::detail {

/// Of the first p of `draws` positions, floor((p first + offset) / draws) are of the first row, the
/// others of the second (Bresenham's line). Any stretch of w positions holds w first / draws of the
/// first row, off by less than 1. 0 <= first <= draws <= 2^62, 0 <= offset < draws.
struct interleave {
  index_t first = 0;   ///< draws of the first row
  index_t draws = 0;   ///< of both
  index_t offset = 0;  ///< where the pattern begins

  struct place {
    index_t of_first = 0;  ///< positions of the first row before
    index_t rest = 0;      ///< of the division; the position is of the first if >= draws - first
  };

  PREFOPT_HD constexpr place at(index_t position) const
  {
    if (draws < (index_t{1} << 31)) {
      auto const sum = static_cast<std::uint64_t>(position * first + offset);
      auto const all = static_cast<std::uint64_t>(draws);
      return {static_cast<index_t>(sum / all), static_cast<index_t>(sum % all)};
    }
    place p;  // the product bit by bit, since it does not fit
    for (int bit = 62; bit >= 0; --bit) {
      p = carried({2 * p.of_first, 2 * p.rest});
      p.rest += ((position >> bit) & 1) != 0 ? first : 0;
      p = carried(p);
    }
    p.rest += offset;
    return carried(p);
  }

  PREFOPT_HD constexpr bool is_first(place const& p) const { return p.rest >= draws - first; }

  /// Writes `count` elements of two rows as the positions from `p` on have them.
  void merge(place p, index_t count, index_t const* of_first, index_t const* of_second,
             index_t* out) const
  {
    index_t const limit = draws - first;
    index_t const* next[] = {of_second, of_first};
    for (index_t i = 0; i < count; ++i) {
      bool const first_row = p.rest >= limit;
      out[i] = *next[first_row]++;
      p.rest += first_row ? -limit : first;
    }
  }

 private:
  PREFOPT_HD constexpr place carried(place const& p) const
  {
    bool const over = p.rest >= draws;
    return {p.of_first + (over ? 1 : 0), p.rest - (over ? draws : 0)};
  }
};

}  // namespace prefopt::detail
