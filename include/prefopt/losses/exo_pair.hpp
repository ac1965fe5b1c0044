// SPDX-License-Identifier: MIT
#pragma once
/// \file  EXO on pairs (Ji et al. 2024, arXiv 2402.00856).

#include <cmath>

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace link {

/// KL((sigmoid(u), sigmoid(-u)) || (1 - e, e)), smallest where sigmoid(u) = 1 - e.
template <class Real>
struct reverse_kl {
  Real label_smoothing = Real(1e-3);

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.in_open("label_smoothing", label_smoothing, 0, 0.5);
  }
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    using std::expm1;
    using std::log;
    using std::log1p;
    using value = value_t<Scalar>;
    Real const log_wrong = log(label_smoothing);
    value const x = value_of(u);
    value const from_target = x - value(log1p(-label_smoothing) - log_wrong);
    value const right = prefopt::sigmoid(x), wrong = prefopt::sigmoid(-x);

    // log(sigmoid(u) / (1 - e)) by its distance from the target, which keeps its digits near the
    // minimum; far below, where that overflows, log(sigmoid(-u) / e).
    auto const above = max(x, from_target + value(1)) > value(0);
    value const near_target =
        -log1p(label_smoothing * expm1(-from_target)) - kept(wrong, from_target);
    value const below = log_sigmoid(-x) - log_wrong + kept(right, from_target);
    return chain(select(above, near_target, below), kept(right * wrong, from_target), u);
  }

 private:
  /// a * b, and 0 where the factor a has underflowed, however large b is.
  template <class Value>
  PREFOPT_HD static Value kept(Value const& a, Value const& b)
  {
    return select(a == Value(0), Value(0), a * b);
  }
};

}  // namespace link

/// Reverse KL of the policy's preference to the label's: it seeks the mode where DPO covers mass.
///
/// \f[ L = \sigma(u)\log\frac{\sigma(u)}{1-e} + \sigma(-u)\log\frac{\sigma(-u)}{e},\quad
///     u = \beta(\log\frac{\pi(y_w)}{\pi_{ref}(y_w)} - \log\frac{\pi(y_l)}{\pi_{ref}(y_l)}) \f]
/// e in (0, 1/2). The gradient has the factor sigma(u) sigma(-u): a pair that is far on the wrong
/// side hardly moves. At policy = reference L = -log 2 - log(e (1-e)) / 2. `label_smoothing`
/// defaults to 1e-3, TRL's.
///
/// Also called: TRL and Liger `exo_pair`. TRL up to 0.28 turned label_smoothing 0 into 1e-3; here
/// it is an error.
template <class Real, class Score = score::log_ratio>
struct exo_pair {
  Real beta = Real(0.1);
  Real label_smoothing = Real(1e-3);
  Score score{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected>(
        "text", link::reverse_kl<Real>{label_smoothing}, beta, Real(0), Real(1), score);
  }
};
static_assert(check_loss<exo_pair<float>, float>());

}  // namespace prefopt
