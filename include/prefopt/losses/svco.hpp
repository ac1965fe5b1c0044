// SPDX-License-Identifier: MIT
#pragma once
/// \file  S-VCO (Wu et al. 2025, arXiv 2502.13928).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace detail {

/// sigmoid(a) - sigmoid(b), with the digits of a - b where they are close.
template <class Scalar>
PREFOPT_HD Scalar sigmoid_difference(Scalar const& a, Scalar const& b)
{
  using std::expm1;
  auto const up = a > b;
  Scalar const high = select(up, a, b), low = select(up, b, a);
  Scalar const gap = -(sigmoid(high) * sigmoid(-low) * expm1(low - high));
  return select(up, gap, -gap);
}

/// w sigmoid(-u), and 0 for a weight of 0, even where u is NaN.
template <class Scalar, class Real>
PREFOPT_HD Scalar weighted_slope(Real w, Scalar const& u)
{
  return w == Real(0) ? Scalar(0) : w * sigmoid(-u);
}

}  // namespace detail

/// Symmetric visual contrast: each of two answers should attend to its own image (beat the same
/// answer given no image) and reject the other's (which should be worse than no image).
///
/// \f[ L = -\sum_{(a,i,j)} [w_1\log\sigma(\beta_1(r_{a|i} - r_{a|\emptyset}))
///                          + w_2\log\sigma(\beta_2(r_{a|\emptyset} - r_{a|j}))],\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// over (chosen, its image, the other image) and (rejected, the other image, the chosen's), each
/// with its own betas and weights. So `rejected` is the rejected answer given the image that it
/// describes, `rejected_perturbed[0]` given the chosen one's, `perturbed[0]` the chosen answer
/// given the rejected one's image, and `..._blind` either answer without an image. At policy =
/// reference L = 4 log 2 for unit weights. The betas default to the authors'.
///
/// Also called: the authors' code leaves a term out in training where its beta is 0 or less (a
/// weight of 0 here), and evaluates it with beta 0.1 all the same.
template <class Real>
struct svco {
  Real attend_beta = Real(0.1);
  Real reject_beta = Real(0.1);
  Real rejected_attend_beta = Real(0.1);
  Real rejected_reject_beta = Real(0.1);
  Real attend_weight = Real(1);
  Real reject_weight = Real(1);
  Real rejected_attend_weight = Real(1);
  Real rejected_reject_weight = Real(1);

  PREFOPT_HD constexpr auto terms() const
  {
    using branch::chosen, branch::chosen_blind, branch::rejected, branch::rejected_blind;
    using r = score::log_ratio;
    link::logistic<Real> const logistic{};
    return contrast<chosen, chosen_blind, r>("attend", logistic, attend_beta, Real(0),
                                             attend_weight) +
           contrast<chosen_blind, branch::perturbed<0>, r>("reject", logistic, reject_beta, Real(0),
                                                           reject_weight) +
           contrast<rejected, rejected_blind, r>("rejected: attend", logistic, rejected_attend_beta,
                                                 Real(0), rejected_attend_weight) +
           contrast<rejected_blind, branch::rejected_perturbed<0>, r>(
               "rejected: reject", logistic, rejected_reject_beta, Real(0), rejected_reject_weight);
  }

  /// In closed form, because the blind branch is the worse one of a term and the better one of the
  /// next: its two slopes are almost the same where the image changes little.
  template <class Value, column_set Columns>
  PREFOPT_HD value_gradient<svco, Value> with_gradient(
      preference_record<Value, Value, Columns> const& x) const
  {
    auto const all = terms();
    value_gradient<svco, Value> out;
    out.value = all(x);
    auto& g = out.gradient;
    differentiate(all.first, all.rest.first, x, g.chosen, g.chosen_blind, g.perturbed[0]);
    auto const& rejected = all.rest.rest;
    differentiate(rejected.first, rejected.rest.first, x, g.rejected, g.rejected_blind,
                  g.rejected_perturbed[0]);
    return out;
  }

 private:
  template <class Attend, class Reject, class Record, class Value>
  PREFOPT_HD static void differentiate(Attend const& attend, Reject const& reject, Record const& x,
                                       Value& own, Value& blind, Value& other)
  {
    Real const a = attend.weight * attend.beta, r = reject.weight * reject.beta;
    Value const u = attend.margin(x), v = reject.margin(x);
    own = -detail::weighted_slope(a, u);
    other = detail::weighted_slope(r, v);
    blind = a == Real(0) || r == Real(0)
                ? -own - other
                : (a - r) * sigmoid(-v) + a * detail::sigmoid_difference<Value>(-u, -v);
  }
};
static_assert(check_loss<svco<float>, float>());

}  // namespace prefopt
