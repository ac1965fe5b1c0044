// SPDX-License-Identifier: MIT
#pragma once
/// \file  The order of one epoch as a plain value: which rank is drawn at a position, on the host
/// or in a kernel.

#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/curriculum/interleave.hpp>

namespace prefopt {

/// Draws of one epoch: position -> rank, a pure function in O(log parts) without memory access.
///
/// A part is a row of runs, and every run holds every rank of the part once, in a random order of
/// its own. The parts are interleaved: a stretch of the epoch, hence a batch, holds of each what it
/// has of the epoch's draws, off by less than 1 + log2(parts). Holds at most `max_parts` parts: all
/// of an epoch's, or a window of them.
struct epoch_order {
  static constexpr index_t max_parts = 64;

  std::uint64_t seed = 0;
  index_t draws = 0;       ///< of the epoch
  index_t all_parts = 0;   ///< of the phase
  index_t first_part = 0;  ///< the parts held here are first_part .. first_part + parts - 1
  index_t parts = 0;
  index_t begin[max_parts + 1] = {};  ///< draws before each part, and after the last
  index_t first[max_parts] = {};      ///< first rank of each part
  index_t size[max_parts] = {};       ///< ranks of each part
  permutation first_run{0, 0};        ///< of the first part held

  PREFOPT_HD constexpr bool holds_all_parts() const { return parts == all_parts; }

  /// The order of one run of part k of those held.
  PREFOPT_HD constexpr permutation run_order(index_t k, index_t run) const
  {
    if (k == 0 && run == 0) { return first_run; }
    return {size[k], derived_seed(seed, first_part + k, run)};
  }

  /// How the draws of the parts [a, middle) held here lie among those of `draws` from part a on;
  /// `end` tells one such place from others.
  PREFOPT_HD constexpr detail::interleave mixed(index_t a, index_t middle, index_t of_all,
                                                index_t end) const
  {
    std::uint64_t const start = seed ^ static_cast<std::uint64_t>(first_part + a);
    std::uint64_t const random =
        detail::mix64(detail::mix64(start) + static_cast<std::uint64_t>(end));
    index_t const offset =
        of_all > 0 ? static_cast<index_t>(random % static_cast<std::uint64_t>(of_all)) : 0;
    return {begin[middle] - begin[a], of_all, offset};
  }
  /// The lower half of the parts [a, b) among all of these.
  PREFOPT_HD constexpr detail::interleave halves(index_t a, index_t b) const
  {
    return mixed(a, (a + b) / 2, begin[b] - begin[a], first_part + b);
  }
  /// The parts held here among these and those after them.
  PREFOPT_HD constexpr detail::interleave held_and_rest() const
  {
    return mixed(0, parts, draws - begin[0], -1);
  }

  /// The rank drawn at a position, 0 <= position < draws. Needs all parts.
  PREFOPT_HD constexpr index_t rank_at(index_t position) const
  {
    index_t a = 0, b = parts;
    while (b - a > 1) {
      detail::interleave const mix = halves(a, b);
      auto const place = mix.at(position);
      bool const lower = mix.is_first(place);
      position = lower ? place.of_first : position - place.of_first;
      (lower ? b : a) = (a + b) / 2;
    }
    index_t const run = position / size[a];
    return first[a] + run_order(a, run)(position - run * size[a]);
  }
};

/// The sample drawn at a position of an epoch: `order` is the ranking, in the memory of whoever
/// calls. A kernel takes the epoch by value and draws its own batch.
template <class Space>
PREFOPT_HD constexpr index_t draw(epoch_order const& epoch,
                                  vector_view<index_t const, Space> const& order, index_t position)
{
  return order[epoch.rank_at(position)];
}

}  // namespace prefopt
