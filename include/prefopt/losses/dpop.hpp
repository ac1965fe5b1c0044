// SPDX-License-Identifier: MIT
#pragma once
/// \file  DPO-Positive (Pal et al. 2024, Smaug, arXiv 2402.13228).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// Takes from the margin what the chosen answer has lost against the reference, `lambda` times.
template <class Real>
struct keep_chosen {
  static constexpr column_set columns = score::log_ratio::columns<branch::chosen>;
  static constexpr bool relative = true;
  Real lambda = Real(50);

  PREFOPT_HD auto shift(auto const& x) const
  {
    auto const r = score::log_ratio{}.of<branch::chosen>(x);
    using scalar = std::remove_const_t<decltype(r)>;
    return select(r < scalar(0), lambda * r, scalar(0));
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.not_negative("lambda", lambda);
  }
};

}  // namespace adjust

/// DPO that charges for a chosen answer that has become less likely than under the reference.
///
/// \f[ L = -\log\sigma(\beta(\rho_w - \rho_l - \lambda\max(0, -\rho_w))),\quad
///     \rho = \log\frac{\pi}{\pi_{ref}} \f]
/// At the kink (policy = reference, L = log 2) the charge has no gradient; below it the chosen
/// answer's is 1 + lambda times DPO's. Defaults: the authors' beta 0.3 and lambda 50.
template <class Real>
struct dpop {
  Real beta = Real(0.3);
  Real lambda = Real(50);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::keep_chosen<Real>{lambda});
  }
};
static_assert(check_loss<dpop<float>, float>());

}  // namespace prefopt
