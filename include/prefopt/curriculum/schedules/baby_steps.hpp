// SPDX-License-Identifier: MIT
#pragma once
/// \file  Cumulative levels, easy to hard.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// Cumulative levels (Spitkovsky et al. 2010, "baby steps"): phase k is levels 0 .. k together,
/// `epochs` times.
struct baby_steps {
  index_t epochs = 1;

  constexpr index_t phases(level_view levels) const { return levels.count(); }
  constexpr index_t epochs_of(index_t, level_view) const { return epochs; }
  constexpr open_part part(index_t phase, index_t, level_view levels) const
  {
    return whole(0, levels.last(phase));
  }
  friend bool operator==(baby_steps const&, baby_steps const&) = default;
};
static_assert(check_schedule<baby_steps>());

}  // namespace prefopt
