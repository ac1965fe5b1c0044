// SPDX-License-Identifier: MIT
#pragma once
/// \file  Disjoint levels, hard to easy: the baseline that tells an order from its reverse.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// `one_pass` backwards: phase k is level (levels - 1 - k), `epochs` times. Any other schedule runs
/// hard to easy on the ranking of the negated scores, and without a curriculum on
/// `rank_at_random`.
struct anti_curriculum {
  index_t epochs = 1;

  constexpr index_t phases(level_view levels) const { return levels.count(); }
  constexpr index_t epochs_of(index_t, level_view) const { return epochs; }
  constexpr open_part part(index_t phase, index_t, level_view levels) const
  {
    index_t const level = levels.count() - 1 - phase;
    return whole(levels.first(level), levels.last(level));
  }
  friend bool operator==(anti_curriculum const&, anti_curriculum const&) = default;
};
static_assert(check_schedule<anti_curriculum>());

}  // namespace prefopt
