// SPDX-License-Identifier: MIT
#pragma once
/// \file  chi-PO (Huang et al. 2024, arXiv 2407.13399, algorithm 1).

#include <cmath>

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace score {

/// r + e^r: the score of KL and chi-squared divergence together.
struct log_ratio_and_ratio {
  static constexpr bool relative = true;
  static constexpr bool only_differences = true;
  template <class Branch>
  static constexpr column_set columns = log_ratio::columns<Branch>;
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    using std::exp;
    auto const r = log_ratio{}.of<Branch>(x);
    return r + exp(r);
  }
  template <class Positive, class Negative>
  PREFOPT_HD auto difference(auto const& x) const
  {
    auto const a = log_ratio{}.of<Positive>(x);
    auto const b = log_ratio{}.of<Negative>(x);
    return (a - b) + detail::exp_difference(a, b);
  }
};

}  // namespace score

namespace link {

/// Another link of u within [-limit, limit]; no gradient outside.
template <class Link, class Real>
struct clipped {
  Link link{};
  Real limit = Real(1);

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.positive("clip", limit);
  }
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return link(clamp(u, -limit, limit));
  }
};

}  // namespace link

/// DPO regularised by chi-squared divergence, against overoptimisation.
///
/// \f[ L = -\log\sigma(\mathrm{clip}_{\pm c}(\beta[(\rho_w + e^{\rho_w})
///         - (\rho_l + e^{\rho_l})])),\quad \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// `clip` c > 0 is twice the largest reward in the paper; it defaults to 10, our choice. Pairs
/// beyond it have no gradient. At policy = reference L = log 2.
template <class Real>
struct chi_po {
  Real beta = Real(0.1);
  Real clip = Real(10);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio_and_ratio>(
        "text", link::clipped<link::logistic<Real>, Real>{{}, clip}, beta);
  }
};
static_assert(check_loss<chi_po<float>, float>());

}  // namespace prefopt
