// SPDX-License-Identifier: MIT
#pragma once
/// \file  Levels as evenly as a cap on their epochs allows.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// UniMax (Chung et al. 2023, arXiv 2304.09151) over levels: the budget, `epochs`
/// times as many draws as there are samples, is divided evenly, but no level is drawn more than
/// `max_epochs` times; what a small level cannot take goes to the larger ones in equal parts. In
/// whole draws: levels below their cap differ by at most 1, the first of them have it. If the
/// budget is more than all levels may take, the run is shorter: every level has `max_epochs`.
/// One phase. Throws `std::invalid_argument` for a negative parameter.
struct unimax {
  index_t max_epochs = 4;
  index_t epochs = 1;

  constexpr index_t phases(level_view) const
  {
    detail::require_run("unimax", 1, epochs);
    if (max_epochs < 0) {
      detail::throw_invalid("unimax", "max_epochs", "0 or more", std::to_string(max_epochs));
    }
    return 1;
  }
  constexpr index_t epochs_of(index_t, level_view) const { return 1; }
  constexpr index_t parts(index_t, level_view levels) const { return levels.count(); }
  constexpr open_part part(index_t, index_t j, level_view levels) const
  {
    filling left = filled(levels);
    for (index_t k = 0; k < j; ++k) { (void)taken(left, k, levels); }
    return taken(left, j, levels);
  }
  /// All parts with one search for the fill.
  template <class Visit>
  constexpr void each_part(index_t, level_view levels, Visit const& visit) const
  {
    filling left = filled(levels);
    for (index_t k = 0; k < levels.count(); ++k) { visit(taken(left, k, levels)); }
  }
  friend bool operator==(unimax const&, unimax const&) = default;

 private:
  /// What every level takes unless its cap is lower, and how many of the others take one more.
  struct filling {
    index_t budget, fill, rest;
  };

  /// The largest fill whose draws keep to the budget, by bisection.
  constexpr filling filled(level_view levels) const
  {
    index_t const budget =
        detail::draws_in_epochs("unimax", min(epochs, max_epochs), levels.samples());
    auto const draws_at = [&](index_t fill) {
      index_t draws = 0;
      for (index_t k = 0; k < levels.count(); ++k) {
        draws += min(cap(levels.size(k), budget), fill);
      }
      return draws;
    };
    index_t low = 0, high = budget;
    while (low < high) {
      index_t const middle = low + (high - low + 1) / 2;
      if (draws_at(middle) <= budget) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return {budget, low, budget - draws_at(low)};
  }

  /// The part of the next level in turn.
  constexpr open_part taken(filling& left, index_t level, level_view levels) const
  {
    index_t const most = cap(levels.size(level), left.budget);
    bool const one_more = left.rest > 0 && most > left.fill;
    left.rest -= one_more ? 1 : 0;
    index_t const draws = min(most, left.fill) + (one_more ? 1 : 0);
    return {levels.first(level), levels.last(level), draws};
  }

  /// The cap of a level, as far as the budget goes: a `max_epochs` that means "no cap" must not
  /// overflow.
  constexpr index_t cap(index_t size, index_t budget) const
  {
    return size > 0 && max_epochs > budget / size ? budget : max_epochs * size;
  }
};
static_assert(check_schedule<unimax>() && mixes_parts<unimax> && gives_parts_together<unimax>);

}  // namespace prefopt
