// SPDX-License-Identifier: MIT
#pragma once
/// \file  An easy share of the ranking that grows as a pacing function says.

#include <prefopt/core/math.hpp>
#include <prefopt/core/parameters.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/pacing.hpp>
#include <prefopt/curriculum/pacing/linear_pacing.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// A growing easy share of the ranking: of `steps` phases, phase k opens the share
/// pacing(k / (steps - 1)), rounded to the nearest whole number of samples and at least one. All
/// phases together draw `epochs` times as many samples as there are, in equal parts. Levels play no
/// role. Draws within a phase are without replacement (an easy share smaller than its draws is
/// run through again and again), where Platanios et al. draw independently.
template <pacing_function Pacing = linear_pacing>
struct paced {
  Pacing pacing{};
  index_t steps = 100;
  index_t epochs = 1;

  /// Throws `std::invalid_argument` for steps below 1, epochs below 0, and parameters that the
  /// pacing's `check` refuses.
  index_t phases(level_view) const
  {
    detail::require_run("paced", steps, epochs);
    detail::check_parameters("paced", pacing);
    return steps;
  }
  constexpr index_t epochs_of(index_t, level_view) const { return 1; }
  /// Throws `std::invalid_argument` when the pacing leaves [0, 1].
  open_part part(index_t phase, index_t, level_view levels) const
  {
    index_t const n = levels.samples();
    double const share = detail::checked_share("paced", pacing, detail::progress_at(phase, steps));
    index_t const open = min(n, max(index_t{1}, detail::samples_in_share(n, share)));
    return {0, open,
            detail::draws_in_phase(detail::draws_in_epochs("paced", epochs, n), phase, steps)};
  }
  friend bool operator==(paced const&, paced const&) = default;
};
static_assert(check_schedule<paced<>>());

}  // namespace prefopt
