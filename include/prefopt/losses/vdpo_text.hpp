// SPDX-License-Identifier: MIT
#pragma once
/// \file  V-DPO's vision-guided text preference (Xie et al. 2024, arXiv 2411.02712).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace detail {

/// The same answer without the modality.
template <class Branch>
struct blind_of;
template <>
struct blind_of<branch::chosen> {
  using type = branch::detached<branch::chosen_blind>;
};
template <>
struct blind_of<branch::rejected> {
  using type = branch::detached<branch::rejected_blind>;
};

}  // namespace detail

namespace score {

/// The log-ratio of a guided policy: g log pi(y|m) - (g - 1) sg(log pi(y)) - log pi_ref(y|m).
template <class Real>
struct guided_log_ratio {
  static constexpr bool relative = false;
  template <class Branch>
  static constexpr column_set columns =
      log_ratio::columns<Branch> | log_prob::columns<typename detail::blind_of<Branch>::type>;

  Real guidance = Real(0.5);

  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    using blind = typename detail::blind_of<Branch>::type;
    return log_ratio{}.template of<Branch>(x) +
           (guidance - Real(1)) * (Branch::policy(x) - blind::policy(x));
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("guidance", guidance);
  }
};

}  // namespace score

/// DPO on log-probabilities guided by the image: what the answer gains from it counts g times.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u),\quad u = \beta(f_w - f_l),\quad
///     f = g\log\pi(y|m) - (g-1)\,\mathrm{sg}(\log\pi(y)) - \log\pi_{ref}(y|m) \f]
/// with sg a stop-gradient: the blind columns get no gradient. `guidance` g is the paper's gamma
/// = 1 - alpha / beta, below 1; 1 is DPO, and 0 leaves no gradient at all, which is how the
/// authors' shipped script reads. Defaults: beta theirs, g 0.5 ours.
///
/// Also called: the authors' code takes a random image for the blind answer, and may renormalise
/// the guided log-probabilities over the vocabulary: that is done on logits, and this loss with g =
/// 1 on the result.
template <class Real>
struct vdpo_text {
  Real beta = Real(0.1);
  Real guidance = Real(0.5);
  Real label_smoothing = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected>("text", link::logistic<Real>{label_smoothing},
                                                      beta, Real(0), Real(1),
                                                      score::guided_log_ratio<Real>{guidance});
  }
};
static_assert(check_loss<vdpo_text<float>, float>());

}  // namespace prefopt
