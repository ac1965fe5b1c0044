// SPDX-License-Identifier: MIT
#pragma once
/// \file  As many easy levels as the caller has opened.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// For curricula that answer to the training: each of `rounds` phases draws, from levels 0 to
/// `level` together, `draws` samples (0: as many as are open), each once before any comes again.
/// After a round the caller may change `level`, as a `level_gate` says: the sampler of the changed
/// schedule `restore`s the state and goes on with the next round. `level` may exceed the levels; as
/// long as all that are open are empty, the next one is open too.
struct up_to_level {
  static constexpr bool follows_training = true;

  index_t level = 0;
  index_t rounds = 1;
  index_t draws = 0;

  constexpr index_t phases(level_view) const { return rounds; }
  constexpr index_t epochs_of(index_t, level_view) const { return 1; }
  constexpr open_part part(index_t, index_t, level_view levels) const
  {
    index_t const last = levels.count() - 1;
    index_t hardest = max(index_t{0}, min(level, last));
    while (levels.last(hardest) == 0 && hardest < last) { ++hardest; }
    index_t const open = levels.last(hardest);
    return {0, open, open == 0 ? 0 : draws == 0 ? open : draws};
  }
  friend bool operator==(up_to_level const&, up_to_level const&) = default;
};
static_assert(check_schedule<up_to_level>());

}  // namespace prefopt
