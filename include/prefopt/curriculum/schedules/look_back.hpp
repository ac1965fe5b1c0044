// SPDX-License-Identifier: MIT
#pragma once
/// \file  Disjoint levels mixed with draws from the whole ranking.

#include <prefopt/core/math.hpp>
#include <prefopt/core/parameters.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// One level after the other, as `one_pass`, with a look back and forward (after Collier and Beel
/// 2018): beside its level, every epoch draws `share` times as many samples from the whole ranking.
/// share >= 0.
struct look_back {
  index_t epochs = 1;
  double share = 0.25;

  /// Throws `std::invalid_argument` for a share that is negative or not finite.
  index_t phases(level_view levels) const
  {
    detail::check_parameter const check{"look_back"};
    check.not_negative("share", share);
    return levels.count();
  }
  constexpr index_t epochs_of(index_t, level_view) const { return epochs; }
  constexpr index_t parts(index_t, level_view) const { return 2; }
  open_part part(index_t phase, index_t j, level_view levels) const
  {
    if (j == 0) { return whole(levels.first(phase), levels.last(phase)); }
    return {0, levels.samples(), detail::samples_in_share(levels.size(phase), share)};
  }
  friend bool operator==(look_back const&, look_back const&) = default;
};
static_assert(check_schedule<look_back>() && mixes_parts<look_back>);

}  // namespace prefopt
