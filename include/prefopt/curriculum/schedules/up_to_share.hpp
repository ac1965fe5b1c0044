// SPDX-License-Identifier: MIT
#pragma once
/// \file  An easy share of the ranking that the caller sets.

#include <prefopt/core/math.hpp>
#include <prefopt/core/parameters.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// As `up_to_level`, with a `share` of the ranking in [0, 1] in the place of levels, for example
/// that of a `margin_competence`: rounded to the nearest whole number of samples, at least one.
/// Throws `std::invalid_argument` for another share and for `draws` below 0.
struct up_to_share {
  static constexpr bool follows_training = true;

  double share = 1;
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
    index_t const n = levels.samples();
    index_t const open = min(n, max(index_t{1}, detail::samples_in_share(n, share)));
    return {0, open, open == 0 ? 0 : draws == 0 ? open : draws};
  }
  friend bool operator==(up_to_share const&, up_to_share const&) = default;

 private:
  void check_domain() const
  {
    detail::check_parameter const check{"up_to_share"};
    check.in_closed("share", share, 0, 1);
    check.not_negative("draws", static_cast<double>(draws));
  }
};
static_assert(check_schedule<up_to_share>());

}  // namespace prefopt
