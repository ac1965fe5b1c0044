// SPDX-License-Identifier: MIT
#pragma once
/// \file  No curriculum: the end-to-end baseline.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// No curriculum, MFPO's "end-to-end" baseline (its table 7): all samples, `epochs` times. As many
/// draws as `one_pass` with the same `epochs`.
struct all_at_once {
  index_t epochs = 1;

  constexpr index_t phases(level_view) const { return 1; }
  constexpr index_t epochs_of(index_t, level_view) const { return epochs; }
  constexpr open_part part(index_t, index_t, level_view levels) const
  {
    return whole(0, levels.samples());
  }
  friend bool operator==(all_at_once const&, all_at_once const&) = default;
};
static_assert(check_schedule<all_at_once>());

}  // namespace prefopt
