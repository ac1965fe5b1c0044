// SPDX-License-Identifier: MIT
#pragma once
/// \file  An easy share of the ranking that grows as a pacing function says.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/pacing.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// A growing easy share of the ranking: of `steps` phases, phase k opens the share
/// pacing(k / (steps - 1)), rounded to the nearest whole number of samples and at least one. All
/// phases together draw `epochs` times as many samples as there are, in equal parts. Levels play no
/// role. Draws within a phase are without replacement (an easy share smaller than its draws is
/// run through again and again), where Platanios et al. draw independently.
template <pacing_function Pacing>
struct paced {
  Pacing pacing{};
  index_t steps = 100;
  index_t epochs = 1;

  /// Throws `std::invalid_argument` for fewer than 1 step.
  constexpr index_t phases(level_view) const
  {
    if (steps < 1) { detail::throw_invalid("paced", "steps", "1 or more", std::to_string(steps)); }
    return steps;
  }
  constexpr index_t epochs_of(index_t, level_view) const { return 1; }
  open_part part(index_t phase, index_t, level_view levels) const
  {
    index_t const n = levels.samples();
    double const t = steps > 1 ? static_cast<double>(phase) / static_cast<double>(steps - 1) : 1.0;
    index_t const open = min(n, max(index_t{1}, detail::samples_in_share(n, pacing(t))));
    return {0, open, drawn_before(phase + 1, n) - drawn_before(phase, n)};
  }
  friend bool operator==(paced const&, paced const&) = default;

 private:
  /// epochs n phase / steps, rounded down, without overflow of the product.
  constexpr index_t drawn_before(index_t phase, index_t n) const
  {
    index_t const total = epochs * n;
    return total / steps * phase + total % steps * phase / steps;
  }
};
static_assert(check_schedule<paced<linear_pacing>>());

}  // namespace prefopt
