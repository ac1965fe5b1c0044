// SPDX-License-Identifier: MIT
#pragma once
/// \file  SymMPO (Liu et al. 2025, arXiv 2506.11712), as in its authors' code.

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// SymMPO: less the margin of the counterpart, the right answer of the second image over the first
/// one's.
struct minus_counterpart_gap {
  static constexpr column_set columns = score::log_ratio::columns<branch::perturbed<0>> |
                                        score::log_ratio::columns<branch::rejected_perturbed<0>>;
  static constexpr bool relative = true;
  PREFOPT_HD auto shift(auto const& x) const
  {
    score::log_ratio const r{};
    return r.template of<branch::perturbed<0>>(x) - r.template of<branch::rejected_perturbed<0>>(x);
  }
};

}  // namespace adjust

/// Symmetric multimodal preference: two images m1, m2, each with its own right answer y_w, y_2,
/// prefer their own over the other's, by margins that should agree.
///
/// \f[ L = -\log\sigma(\beta D_0) - \lambda[\log\sigma(\beta D_1) + \log\sigma(\beta D_2)]
///         - \log\sigma(\beta r_{1w}) - \log\sigma(\beta_2 r_{22}) + c (D_1 - D_2)^2,\quad
///     D_0 = r_{1w} - r_{1l},\quad D_1 = r_{1w} - r_{12},\quad D_2 = r_{22} - r_{2w},\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// The columns: `chosen` (m1, y_w), `rejected` (m1, y_2), `perturbed[0]` (m2, y_w),
/// `rejected_perturbed[0]` (m2, y_2), `other_rejected[0]` (m1, y_l) the hallucinated answer.
/// `counterpart_beta` beta_2 is used in the anchor of (m2, y_2) only, and the square has no beta.
/// At policy = reference L = (3 + 2 lambda) log 2. Defaults are the authors': betas 0.1, c 1e-4;
/// lambda 1 is ours, their code takes it from the command line.
template <class Real>
struct symmpo {
  Real beta = Real(0.1);
  Real counterpart_beta = Real(0.1);
  Real lambda = Real(1);
  Real consistency = Real(1e-4);

  PREFOPT_HD constexpr auto terms() const
  {
    using branch::chosen, branch::rejected;
    using counterpart = branch::rejected_perturbed<0>;
    using r = score::log_ratio;
    link::logistic<Real> const logistic{};
    return contrast<chosen, branch::other_rejected<0>, r>("text", logistic, beta) +
           contrast<chosen, rejected, r>("image", logistic, beta, Real(0), lambda) +
           contrast<counterpart, branch::perturbed<0>, r>("counterpart image", logistic, beta,
                                                          Real(0), lambda) +
           anchor<chosen, r>("margin", logistic, beta) +
           anchor<counterpart, r>("counterpart margin", logistic, counterpart_beta) +
           contrast<chosen, rejected, r>("consistency", link::square{}, Real(1), Real(0),
                                         consistency, {}, adjust::minus_counterpart_gap{});
  }
};
static_assert(check_loss<symmpo<float>, float>());

}  // namespace prefopt
