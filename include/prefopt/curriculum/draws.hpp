// SPDX-License-Identifier: MIT
#pragma once
/// \file  Whole numbers of draws from shares: over the phases of a run and over the parts of a
/// phase. What goes in comes out: the draws add up.

#include <cmath>
#include <concepts>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {
namespace detail {

/// The most phases that share the draws of a run: `share_of` multiplies two numbers up to this.
inline constexpr index_t most_steps = (index_t{1} << 31) - 1;

/// Checks the length of a run.
constexpr void require_run(char const* schedule, index_t steps, index_t epochs)
{
  if (steps < 1) { throw_invalid(schedule, "steps", "1 or more", std::to_string(steps)); }
  if (steps > most_steps) {
    throw_invalid(schedule, "steps", "at most " + std::to_string(most_steps),
                  std::to_string(steps));
  }
  if (epochs < 0) { throw_invalid(schedule, "epochs", "0 or more", std::to_string(epochs)); }
}

/// The draws of `epochs` epochs. Throws `std::invalid_argument` for more than 2^62.
constexpr index_t draws_in_epochs(char const* schedule, index_t epochs, index_t samples)
{
  if (samples > 0 && epochs > most_draws / samples) {
    throw_invalid(schedule, "epochs",
                  "at most " + std::to_string(most_draws / samples) + ", 2^62 draws",
                  std::to_string(epochs));
  }
  return epochs * samples;
}

/// total * part / whole, rounded down, for 0 <= part <= whole <= `most_steps`, without
/// overflow.
constexpr index_t share_of(index_t total, index_t part, index_t whole)
{
  return total / whole * part + total % whole * part / whole;
}

/// Draws of one of `steps` phases that share `total` evenly.
constexpr index_t draws_in_phase(index_t total, index_t phase, index_t steps)
{
  return share_of(total, phase + 1, steps) - share_of(total, phase, steps);
}

/// Where in [0, 1) the draws of a phase are rounded: at halves in the first, then spread evenly
/// (multiples of the golden ratio), so that what a part loses by rounding in one phase it gets in
/// another.
inline double rounding_offset(index_t phase)
{
  double const x = 0.5 + 0.6180339887498949 * static_cast<double>(phase);
  return x - std::floor(x);
}

/// The draws of parts whose weights sum up to `after` with this part and `before` without it, of
/// `sum` in all: systematic sampling. They add up to `total` and lie within 1 of their shares. A
/// part of weight 0 has none.
inline index_t draws_by_weight(index_t total, double before, double after, double sum,
                               double offset)
{
  auto const up_to = [=](double weight) {
    if (!(weight < sum)) { return total; }
    double const draws = std::floor(static_cast<double>(total) * (weight / sum) + offset);
    return min(static_cast<index_t>(draws), total);
  };
  return before < after ? up_to(after) - (before > 0 ? up_to(before) : 0) : 0;
}

}  // namespace detail

/// Weights of levels, or of groups of samples: `weight(level, t, levels)` >= 0 is proportional to
/// the level's share of the draws at progress t. Asked for levels that are not empty only.
template <class Mixture>
concept weighs_levels = requires(Mixture const& mixture, index_t level, double t, level_view v) {
  { mixture.weight(level, t, v) } -> std::same_as<double>;
};

namespace detail {

/// The weight of a level, 0 if it is empty. Throws `std::invalid_argument` unless it is a finite
/// number of 0 or more.
template <weighs_levels Mixture>
double checked_weight(char const* schedule, Mixture const& mixture, index_t level, double t,
                      level_view levels)
{
  if (levels.size(level) == 0) { return 0; }
  double const w = mixture.weight(level, t, levels);
  if (!(w >= 0 && w - w == 0)) {
    throw_invalid(schedule, "weight of level " + std::to_string(level),
                  "a finite number of 0 or more", std::to_string(w));
  }
  return w;
}

/// Throws `std::invalid_argument` where there is something to draw and nothing that it goes to.
inline void require_some_weight(char const* schedule, double sum, index_t total)
{
  if (sum == 0 && total > 0) {
    throw_invalid(schedule, "weights of all levels", "one above 0", "none");
  }
}

/// How many of `total` draws a level gets.
template <weighs_levels Mixture>
index_t draws_of_level(char const* schedule, Mixture const& mixture, index_t level, double t,
                       level_view levels, index_t total, double offset)
{
  double sum = 0, before = 0, after = 0;
  for (index_t k = 0; k < levels.count(); ++k) {
    if (k == level) { before = sum; }
    sum += checked_weight(schedule, mixture, k, t, levels);
    if (k == level) { after = sum; }
  }
  require_some_weight(schedule, sum, total);
  return draws_by_weight(total, before, after, sum, offset);
}

}  // namespace detail
}  // namespace prefopt
