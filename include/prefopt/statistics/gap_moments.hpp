// SPDX-License-Identifier: MIT
#pragma once
/// \file  Mean and spread of the log-ratio gaps of a batch, and their running averages: what
/// beta-DPO and DAMA adapt to.

#include <array>
#include <cmath>
#include <limits>

#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/statistics/exact_sum.hpp>
#include <prefopt/statistics/saved_state.hpp>

namespace prefopt {

/// Count, mean and standard deviation of the gaps D = r_w - r_l, r = log pi - log pi_ref in nats.
///
/// `push` and `merge` form a commutative monoid without rounding: no split changes a bit. The
/// deviation keeps its digits however far the mean lies from 0. NaN propagates; |D| above 1e150
/// makes the deviation infinite.
struct gap_moments {
  exact_sum sum{};
  exact_sum squares{};
  index_t count = 0;

  void push(double gap)
  {
    double const square = gap * gap;
    sum.push(gap);
    squares.push(square);
    if (std::isfinite(square)) { squares.push(std::fma(gap, gap, -square)); }  // its rounding
    count += 1;
  }
  void merge(gap_moments const& other)
  {
    sum.merge(other.sum);
    squares.merge(other.squares);
    count += other.count;
  }

  /// 0 for no gaps.
  double mean() const { return count == 0 ? 0 : sum.value() / static_cast<double>(count); }
  /// With n - 1 in the denominator, as torch.std; 0 for fewer than two gaps, where torch has NaN.
  double deviation() const
  {
    if (count < 2) { return 0; }
    auto const n = static_cast<double>(count);
    double const s = sum.value();
    double const q = squares.value();
    if (!(q < 1e300)) { return q * infinity_v<double>; }  // n q and s^2 may not overflow below
    // n q - s^2 with twice the digits, since it is what is left when the two cancel.
    double const nq = n * q;
    double const ss = s * s;
    double const rounding = std::fma(n, q, -nq) - std::fma(s, s, -ss);
    double const beyond = n * squares.rest() - 2 * s * sum.rest();
    return std::sqrt(max((nq - ss) + (rounding + beyond), 0.0) / n / (n - 1));
  }

  bool operator==(gap_moments const&) const = default;
};

/// Exponential averages of the mean and deviation of the gaps, M_0 and sigma of beta-DPO (Wu et
/// al., arXiv 2407.08639; momentum .9). Both start at 0, as in the authors' code.
///
/// beta-DPO takes in the global batch first and then draws from it with the new averages; DAMA
/// draws first, with the averages of the batches before (at the first: 0).
struct gap_average {
  double mean = 0;
  double deviation = 0;
  double momentum = 0.9;

  /// Takes in one global batch. One without gaps changes nothing, and one with a single gap leaves
  /// the deviation, which it has none of. NaN stays.
  void update(gap_moments const& batch)
  {
    if (batch.count == 0) { return; }
    mean = momentum * mean + (1 - momentum) * batch.mean();
    if (batch.count > 1) { deviation = momentum * deviation + (1 - momentum) * batch.deviation(); }
  }

  /// {1, mean, deviation, momentum}: the 1 is the version of this layout.
  std::array<double, 4> save() const { return {1, mean, deviation, momentum}; }
  /// Throws `std::invalid_argument` for another layout.
  static gap_average load(vector_view<double const> saved)
  {
    detail::require_saved("gap_average", saved, 4, 1);
    return {.mean = saved[1], .deviation = saved[2], .momentum = saved[3]};
  }

  bool operator==(gap_average const&) const = default;
};

}  // namespace prefopt
