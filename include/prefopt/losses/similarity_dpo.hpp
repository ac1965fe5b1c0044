// SPDX-License-Identifier: MIT
#pragma once
/// \file  DPO scaled and weighted by how alike its two sides are (public forks; no paper).

#include <cmath>

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// A larger beta and a larger weight the less alike the two sides are; none at all in a window.
template <class Real>
struct by_similarity {
  static constexpr column_set columns{.extra = {.similarity = true}};
  static constexpr bool relative = false;
  Real factor = Real(1);
  Real window_low = Real(1);
  Real window_high = Real(0);
  Real smallest_beta = Real(1e-3);

  PREFOPT_HD auto beta(Real beta, auto const& x) const
  {
    auto const own = beta * (Real(1) + factor * (Real(0.5) - x.similarity));
    return max(own, decltype(own)(smallest_beta));
  }
  PREFOPT_HD auto weight(auto const& x) const
  {
    using std::exp;
    using value = std::remove_cvref_t<decltype(x.similarity)>;
    value const w = exp(factor * (Real(1) - x.similarity));
    value const outside = select(x.similarity > value(window_high), w, value(0));
    return select(x.similarity >= value(window_low), outside, w);
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("factor", factor);
    check.finite("window_low", window_low);
    check.finite("window_high", window_high);
    check.not_negative("smallest_beta", smallest_beta);
  }
};

}  // namespace adjust

/// DPO that learns most from pairs that differ most.
///
/// \f[ L = e^{f(1-s)}(-\log\sigma(\beta_i(\rho_w - \rho_l))),\quad
///     \beta_i = \max(\beta_{min}, \beta(1 + f(\tfrac12 - s))),\quad
///     \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// s in [0, 1] is the record's `similarity`, f `factor` (1, our choice). Samples with window_low <=
/// s <= window_high count nothing; by default no sample does (the window is empty). f = 0 is `dpo`
/// for every beta above the floor. The forks have one such term for text and one for the image,
/// each with a similarity of its own; their floor is without effect and their window fails on
/// batches.
template <class Real>
struct similarity_dpo {
  Real beta = Real(0.1);
  Real factor = Real(1);
  Real window_low = Real(1);
  Real window_high = Real(0);
  Real smallest_beta = Real(1e-3);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::by_similarity<Real>{factor, window_low, window_high, smallest_beta});
  }
};
static_assert(check_loss<similarity_dpo<float>, float>());

}  // namespace prefopt
