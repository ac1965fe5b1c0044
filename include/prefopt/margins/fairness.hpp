// SPDX-License-Identifier: MIT
#pragma once
/// \file  Modality fairness as a number. The MFPO paper shows it as bars and gives no formula;
/// ours.

#include <limits>

namespace prefopt {

/// How evenly two modalities are preferred: min / max of their mean reward margins.
///
/// 1 when both margins are equal and positive, 0 when one modality has none (or a negative one),
/// NaN while neither is positive, as before the first update, and where either is NaN.
constexpr double margin_fairness(double text_margin, double modality_margin)
{
  if (text_margin != text_margin || modality_margin != modality_margin) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double const low = text_margin < modality_margin ? text_margin : modality_margin;
  double const high = text_margin < modality_margin ? modality_margin : text_margin;
  if (!(high > 0)) { return std::numeric_limits<double>::quiet_NaN(); }
  return low > 0 ? low / high : 0;
}

}  // namespace prefopt
