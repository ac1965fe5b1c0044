// SPDX-License-Identifier: MIT
#pragma once
/// \file  Scores without what the length of the answer explains.

#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// Subtracts from every score the least-squares line over the lengths: scores[i] -= mean score +
/// slope (length[i] - mean length). What is left is uncorrelated with length, so that a sum over
/// tokens ranks by more than how many there are; a mean per token is the other way, and divides
/// where this subtracts. Lengths that are all equal explain nothing. In fp64, in order. Throws
/// `std::invalid_argument` for a score or length that is not finite, by its index (one would spoil
/// all), and for columns of different lengths.
template <class Real>
void subtract_length_trend(std::type_identity_t<vector_view<Real const>> lengths,
                           vector_view<Real> scores)
{
  constexpr char const* name = "subtract_length_trend";
  index_t const n = scores.size();
  detail::require_extent(name, "lengths", n, lengths.size());
  auto const require_finite = [](char const* what, index_t i, Real x) {
    if (x - x == 0) { return; }
    detail::throw_invalid(name, std::string(what) + " of sample " + std::to_string(i),
                          "a finite number", std::to_string(x));
  };
  double score_sum = 0, length_sum = 0;
  for (index_t i = 0; i < n; ++i) {
    require_finite("score", i, scores[i]);
    require_finite("length", i, lengths[i]);
    score_sum += static_cast<double>(scores[i]);
    length_sum += static_cast<double>(lengths[i]);
  }
  auto const count = static_cast<double>(n);
  double const score_mean = score_sum / count, length_mean = length_sum / count;
  double together = 0, square = 0;
  for (index_t i = 0; i < n; ++i) {
    double const longer = static_cast<double>(lengths[i]) - length_mean;
    together += longer * (static_cast<double>(scores[i]) - score_mean);
    square += longer * longer;
  }
  double const slope = square > 0 ? together / square : 0;
  for (index_t i = 0; i < n; ++i) {
    double const longer = static_cast<double>(lengths[i]) - length_mean;
    scores[i] = static_cast<Real>(static_cast<double>(scores[i]) - score_mean - slope * longer);
  }
}

}  // namespace prefopt
