// SPDX-License-Identifier: MIT
#pragma once
/// \file  When to open the next level: from a margin measured on validation data as training runs.

#include <cmath>
#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// Opens a level when the margin has been at least `open_at` for `patience` measurements in a row,
/// and closes one when it has been below `close_below` as long (never, by default). Between the two
/// nothing moves, and a level that has just changed stays for `patience` measurements whatever they
/// are; so noise narrower than the gap between the thresholds changes nothing, and any input at
/// most one level per `patience` measurements.
///
/// The margin is any number that grows with competence (mean reward margin, accuracy), the same on
/// every rank. Trivially copyable without padding: its bytes are its checkpoint.
struct level_gate {
  double open_at = 0.5;
  double close_below = -infinity_v<double>;
  index_t patience = 3;
  index_t levels = 3;  ///< there are; the hardest is levels - 1

  index_t level = 0;  ///< the hardest that is open
  index_t above = 0;  ///< measurements in a row at or above `open_at`
  index_t below = 0;  ///< measurements in a row below `close_below`

  /// Takes a measurement; true when it changed the level. Throws `std::invalid_argument` for NaN,
  /// for thresholds in the wrong order, and for patience or levels below 1.
  bool update(double margin)
  {
    constexpr char const* name = "level_gate";
    if (!(close_below < open_at)) {
      detail::throw_invalid(name, "close_below", "below open_at = " + std::to_string(open_at),
                            std::to_string(close_below));
    }
    if (patience < 1) {
      detail::throw_invalid(name, "patience", "1 or more", std::to_string(patience));
    }
    if (levels < 1) { detail::throw_invalid(name, "levels", "1 or more", std::to_string(levels)); }
    if (margin != margin) { detail::throw_invalid(name, "margin", "a number", "NaN"); }
    above = margin >= open_at ? above + 1 : 0;
    below = margin < close_below ? below + 1 : 0;
    index_t const change = above >= patience && level + 1 < levels ? 1
                           : below >= patience && level > 0        ? -1
                                                                   : 0;
    if (change != 0) { above = below = 0; }
    level += change;
    return change != 0;
  }
  friend bool operator==(level_gate const&, level_gate const&) = default;
};
static_assert(std::is_trivially_copyable_v<level_gate> && sizeof(level_gate) == 56);

/// Competence from a margin: the share of the ranking to open grows from `start` at a running
/// margin of `low` to 1 at `high`, and never falls. The running margin is an exponential average
/// with weight `rate` for the newest measurement; the first one is taken as it is. Trivially
/// copyable without padding.
struct margin_competence {
  double start = 0.1;
  double low = 0;
  double high = 1;
  double rate = 0.5;  ///< in (0, 1]

  double average = 0;
  double share = 0;  ///< open, `start` or more after the first measurement
  index_t measurements = 0;

  /// Takes a measurement, the same on every rank, and returns the share that is open now. Throws
  /// `std::invalid_argument` for one that is not finite, and for parameters out of their domain.
  double update(double margin)
  {
    constexpr char const* name = "margin_competence";
    if (!(start >= 0 && start <= 1)) {
      detail::throw_invalid(name, "start", "a share in [0, 1]", std::to_string(start));
    }
    if (!(low < high && high - low < infinity_v<double>)) {
      detail::throw_invalid(name, "low", "finite and below high = " + std::to_string(high),
                            std::to_string(low));
    }
    if (!(rate > 0 && rate <= 1)) {
      detail::throw_invalid(name, "rate", "a number in (0, 1]", std::to_string(rate));
    }
    if (margin - margin != 0) {
      detail::throw_invalid(name, "margin", "a finite number", std::to_string(margin));
    }
    average = measurements == 0 ? margin : std::lerp(average, margin, rate);
    ++measurements;
    double const way = clamp((average - low) / (high - low), 0.0, 1.0);
    share = max(share, std::lerp(start, 1.0, way));
    return share;
  }
  friend bool operator==(margin_competence const&, margin_competence const&) = default;
};
static_assert(std::is_trivially_copyable_v<margin_competence> && sizeof(margin_competence) == 56);

}  // namespace prefopt
