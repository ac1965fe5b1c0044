// SPDX-License-Identifier: MIT
#pragma once
/// \file  Disjoint levels, easy to hard: the curriculum of MFPO.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// Disjoint buckets, each in its own phase (Bengio et al. 2009; the name from Cirik et al. 2016,
/// arXiv 1611.06204): phase k is level k, `epochs` times. With three equal levels the reading of
/// MFPO's easy-to-hard alignment (arXiv 2410.15334, section 3.3) that fits its figures 5 and 7
/// best; the paper does not say disjoint or cumulative, nor how many epochs a level gets.
struct one_pass {
  index_t epochs = 1;

  constexpr index_t phases(level_view levels) const { return levels.count(); }
  constexpr index_t epochs_of(index_t, level_view) const { return epochs; }
  constexpr open_part part(index_t phase, index_t, level_view levels) const
  {
    return whole(levels.first(phase), levels.last(phase));
  }
  friend bool operator==(one_pass const&, one_pass const&) = default;
};
static_assert(check_schedule<one_pass>());

}  // namespace prefopt
