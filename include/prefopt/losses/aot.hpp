// SPDX-License-Identifier: MIT
#pragma once
/// \file  Alignment via Optimal Transport, paired (Melnyk et al. 2024, arXiv 2406.05882).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// Less the reference's difference that the sample was matched with.
struct from_matched_reference {
  static constexpr column_set columns{.extra = {.matched_reference = true}};
  static constexpr bool relative = false;
  PREFOPT_HD auto shift(auto const& x) const { return -x.matched_reference; }
};

}  // namespace adjust

/// DPO on distributions: the policy's preference of the k-th rank in the batch against the
/// reference's of the same rank, wherever that is.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u),\quad
///     u_{(k)} = \beta((\log\pi(y_w) - \log\pi(y_l))_{(k)} -
///               (\log\pi_{ref}(y_w) - \log\pi_{ref}(y_l))_{(k)}) \f]
/// The partners come from `sorted_match` of the two differences over the global batch:
/// `matched_reference` is its `partner_of_a`. Values and gradients stand at the sample of the
/// policy (the authors' vector is in sorted order). No weight per sample: it would have to move the
/// ranks. In a batch of one it is `dpo`. At policy = reference L = log 2.
///
/// Also called: TRL `aot`, which sorts on each device.
template <class Real>
struct aot {
  Real beta = Real(0.1);
  Real label_smoothing = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_prob>(
        "text", link::logistic<Real>{label_smoothing}, beta, Real(0), Real(1), {},
        adjust::from_matched_reference{});
  }
};
static_assert(check_loss<aot<float>, float>());
static_assert(is_sorted_loss<aot<float>>);

}  // namespace prefopt
