// SPDX-License-Identifier: MIT
#pragma once
/// \file  As many easy levels as the caller has opened.

#include <prefopt/core/math.hpp>
#include <prefopt/core/parameters.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// For curricula that answer to the training: each of `rounds` phases draws, from levels 0 to
/// `level` together, `draws` samples (0: as many as are open), each once before any comes again.
/// After a round the caller may change `level`, as a `level_gate` says: the sampler of the changed
/// schedule `restore`s the state and goes on with the next round. `level` may exceed the levels; as
/// long as all that are open are empty, the next one is open too. Throws `std::invalid_argument`
/// for a `level` and for `draws` below 0.
struct up_to_level {
  static constexpr bool follows_training = true;

  index_t level = 0;
  index_t rounds = 1;
  index_t draws = 0;

  index_t phases(level_view) const
  {
    check_domain();
    return rounds;
  }
  constexpr index_t epochs_of(index_t, level_view) const { return 1; }
  open_part part(index_t, index_t, level_view levels) const
  {
    check_domain();
    index_t const last = levels.count() - 1;
    index_t hardest = min(level, last);
    while (levels.last(hardest) == 0 && hardest < last) { ++hardest; }
    index_t const open = levels.last(hardest);
    return {0, open, open == 0 ? 0 : draws == 0 ? open : draws};
  }
  friend bool operator==(up_to_level const&, up_to_level const&) = default;

 private:
  void check_domain() const
  {
    detail::check_parameter const check{"up_to_level"};
    check.not_negative("level", static_cast<double>(level));
    check.not_negative("draws", static_cast<double>(draws));
  }
};
static_assert(check_schedule<up_to_level>());

}  // namespace prefopt
