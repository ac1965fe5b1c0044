// SPDX-License-Identifier: MIT
#pragma once
/// \file  The chosen answer above several at once: the top choice of a Plackett-Luce model (AdaViP,
/// Lu et al. 2025, arXiv 2504.15619; MISP-DPO, arXiv 2509.25717).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace branch {

/// Several branches; `set` is their union.
template <class... Branches>
struct any_of {
  static constexpr branch_set set = (Branches::set | ...);
};

}  // namespace branch

namespace detail {

/// log sum_k e^{x_k}, and as its gradient the softmax. Finite for finite x.
template <int Count, class Scalar>
PREFOPT_HD Scalar log_sum_exp(Scalar const (&x)[Count])
{
  using std::exp;
  using std::log;
  using value = value_t<Scalar>;
  value top = value_of(x[0]);
  for (int k = 1; k < Count; ++k) { top = max(top, value_of(x[k])); }
  value weight[Count], sum(0);
  for (int k = 0; k < Count; ++k) {
    value const v = value_of(x[k]);
    weight[k] = exp(select(v == top, value(0), v - top));  // inf - inf is NaN
    sum = sum + weight[k];
  }
  Scalar result = chain(top + log(sum), weight[0] / sum, x[0]);
  for (int k = 1; k < Count; ++k) { result = result + chain(value(-0.0f), weight[k] / sum, x[k]); }
  return result;
}

}  // namespace detail

/// A term that contrasts a branch with several at once: `weight * -log P(positive is the best)`,
/// with P the softmax of the rewards. Its margin is that of the two rewards below, and positive
/// where P > 1/2; with one negative it is `preference_term` with the logistic link.
template <class Real, class Positive, class Negatives>
struct top_choice_term;

template <class Real, class Positive, class... Negatives>
struct top_choice_term<Real, Positive, branch::any_of<Negatives...>> {
  using real = Real;
  using positive = Positive;
  using negative = branch::any_of<Negatives...>;

  static constexpr column_set columns =
      (score::log_ratio::columns<Positive> | ... | score::log_ratio::columns<Negatives>);
  static constexpr bool relative = true;

  Real beta = Real(0.1);
  Real weight = Real(1);
  char const* name = "preference";

  /// beta, the same for every sample.
  template <class Record>
  PREFOPT_HD Real sample_beta(Record const&) const
  {
    return beta;
  }
  /// The reward of a branch; of the negatives together, log of their summed exponentials.
  template <class Branch, class Record>
  PREFOPT_HD auto reward(Record const& x) const
  {
    if constexpr (std::is_same_v<Branch, negative>) {
      return reward<Positive>(x) - margin(x);
    } else {
      return beta * score::log_ratio{}.template of<Branch>(x);
    }
  }
  template <class Record>
  PREFOPT_HD auto margin(Record const& x) const
  {
    return -detail::log_sum_exp({beta * gap<Negatives>(x)...});
  }
  template <class Scalar, class Record>
  PREFOPT_HD Scalar at_margin(Scalar const& m, Record const&) const
  {
    return weight == Real(0) ? Scalar(0) : weight * link::logistic<Real>{}(m);
  }
  template <class Record>
  PREFOPT_HD auto operator()(Record const& x) const
  {
    return at_margin(margin(x), x);
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("beta", beta);
  }

 private:
  template <class Negative>
  PREFOPT_HD auto gap(auto const& x) const
  {
    score::log_ratio const r{};
    return r.template of<Negative>(x) - r.template of<Positive>(x);
  }
};

/// The chosen answer is preferred over every one of `Negatives`, which share one softmax: those
/// that are closest pull most.
///
/// \f[ L = \log(1 + \sum_k e^{\beta(r_k - r_w)}),\quad r = \log\frac{\pi}{\pi_{ref}} \f]
/// The default negatives are the rejected answer and the chosen one given a perturbed image. At
/// policy = reference L = log(1 + K) with K negatives. With one negative it is `dpo`. `beta`
/// defaults to DPO's.
///
/// Also called: AdaViP's adaptive balance of vision and language is this softmax, with those
/// negatives (m' lacks the key object). MISP-DPO has several negative images, `branch::any_of<
/// branch::perturbed<0>, branch::perturbed<1>>`; its importance weights are weights of samples.
template <class Real, class Negatives = branch::any_of<branch::rejected, branch::perturbed<0>>>
struct plackett_luce {
  Real beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    return term_sum<top_choice_term<Real, branch::chosen, Negatives>>{{beta, Real(1), "top choice"},
                                                                      {}};
  }
};
static_assert(check_loss<plackett_luce<float>, float>());

}  // namespace prefopt
