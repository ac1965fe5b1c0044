// SPDX-License-Identifier: MIT
#pragma once
/// \file  Annealed sampling: mostly easy levels at first, every sample alike at last.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/ramped.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// p_k ~ n_k exp(-d_k / temperature), n_k the samples of level k and d_k = k / (levels - 1) its
/// difficulty. What moves is the inverse temperature, so that 0, every sample alike, is one of its
/// values; one below 0 prefers the hard levels. Our form: the nearest published one is the
/// gap-proportional draw of DA-DPO (arXiv 2601.00623).
template <pacing_function Pacing = linear_pacing>
struct annealed_weights {
  ramped<Pacing> inverse_temperature{.from = 5, .to = 0};

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("inverse_temperature.from", inverse_temperature.from);
    check.finite("inverse_temperature.to", inverse_temperature.to);
    detail::check_pacing(check, inverse_temperature.pacing);
  }

  double weight(index_t level, double t, level_view levels) const
  {
    double const cold = inverse_temperature(t);
    // Relative to the likeliest level that is not empty, so that the weights do not all underflow.
    index_t const likeliest = level_of_rank(cold >= 0 ? 0 : levels.samples() - 1, levels);
    double const harder = static_cast<double>(level - likeliest) /
                          static_cast<double>(max(levels.count() - 1, index_t{1}));
    return static_cast<double>(levels.size(level)) * std::exp(-cold * harder);
  }
  friend bool operator==(annealed_weights const&, annealed_weights const&) = default;

 private:
  /// By bisection: thousands of empty levels before the first that is not cost nothing.
  static constexpr index_t level_of_rank(index_t rank, level_view levels)
  {
    index_t low = 0, high = levels.count() - 1;
    while (low < high) {
      index_t const middle = low + (high - low) / 2;
      if (levels.last(middle) > rank) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
};
static_assert(weighs_levels<annealed_weights<>>);

}  // namespace prefopt
