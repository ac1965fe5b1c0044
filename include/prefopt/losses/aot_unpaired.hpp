// SPDX-License-Identifier: MIT
#pragma once
/// \file  Alignment via Optimal Transport, unpaired (Melnyk et al. 2024, arXiv 2406.05882).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// Less the rejected log-ratio that the chosen answer was matched with.
struct from_matched_rejected {
  static constexpr column_set columns{.extra = {.matched_rewards = true}};
  static constexpr bool relative = false;
  PREFOPT_HD auto shift(auto const& x) const { return -x.matched_for_chosen; }
};
/// Plus the chosen log-ratio that the rejected answer was matched with.
struct to_matched_chosen {
  static constexpr column_set columns{.extra = {.matched_rewards = true}};
  static constexpr bool relative = false;
  PREFOPT_HD auto shift(auto const& x) const { return x.matched_for_rejected; }
};

}  // namespace adjust

/// The chosen answers' log-ratio of the k-th rank in the batch against the rejected ones' of the
/// same rank: the distribution of the former shall lie above that of the latter.
///
/// \f[ L = -(1-e)\log\sigma(u) - e\log\sigma(-u),\quad
///     u_{(k)} = \beta((r_w)_{(k)} - (r_l)_{(k)}),\quad r = \log\frac{\pi}{\pi_{ref}} \f]
/// The partners come from `sorted_match` of the log-ratios r_w and r_l over the global batch:
/// `matched_for_chosen` is its `partner_of_a`, `matched_for_rejected` its `partner_of_b`. A value
/// stands at the chosen answer of its rank, and a gradient at the answer whose it is; so a row's
/// gradient is not the derivative of its own value, but those of the batch add up. Row i need not
/// be a pair. No weight per sample: it would have to move the ranks. At policy = reference L = log
/// 2.
///
/// Also called: TRL `aot_unpaired`, up to 0.24 `aot_pair`; it sorts on each device.
template <class Real>
struct aot_unpaired {
  Real beta = Real(0.1);
  Real label_smoothing = Real(0);

  PREFOPT_HD constexpr auto terms() const
  {
    link::logistic<Real> const logistic{label_smoothing};
    return contrast<branch::chosen, branch::none, score::log_ratio>(
               "chosen", logistic, beta, Real(0), Real(1), {}, adjust::from_matched_rejected{}) +
           contrast<branch::none, branch::rejected, score::log_ratio>(
               "rejected", link::gradient_only<link::logistic<Real>>{logistic}, beta, Real(0),
               Real(1), {}, adjust::to_matched_chosen{});
  }
};
static_assert(check_loss<aot_unpaired<float>, float>());
static_assert(is_sorted_loss<aot_unpaired<float>>);

}  // namespace prefopt
