// SPDX-License-Identifier: MIT
#pragma once
/// \file  Mixture by temperature: small levels are drawn from more often than their size says.

#include <cmath>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/ramped.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// p_k = n_k^alpha / sum_j n_j^alpha, n_k the samples of level k: alpha 1 draws every sample alike,
/// 0 every level alike, and alpha = 1 / temperature lies between (mBERT .7; XLM-R and mT5 .3,
/// Conneau et al. 2019, arXiv 1911.02116). `alpha` may move over the run. Finite up to
/// |alpha| of 30.
template <pacing_function Pacing = linear_pacing>
struct temperature_weights {
  ramped<Pacing> alpha{.from = 0.3, .to = 0.3};

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("alpha.from", alpha.from);
    check.finite("alpha.to", alpha.to);
    detail::check_pacing(check, alpha.pacing);
  }

  double weight(index_t level, double t, level_view levels) const
  {
    double const share =
        static_cast<double>(levels.size(level)) / static_cast<double>(levels.samples());
    return std::pow(share, alpha(t));
  }
  friend bool operator==(temperature_weights const&, temperature_weights const&) = default;
};
static_assert(weighs_levels<temperature_weights<>>);

}  // namespace prefopt
