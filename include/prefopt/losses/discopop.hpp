// SPDX-License-Identifier: MIT
#pragma once
/// \file  DiscoPOP, the log-ratio modulated loss (Lu et al. 2024, arXiv 2406.08414).

#include <cmath>

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace link {

/// -sigmoid(-u/t) log sigmoid(u) + sigmoid(u/t) e^-u, t in (0, 1).
template <class Real>
struct log_ratio_modulated {
  Real tau = Real(0.05);

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.in_open("tau", tau, 0, 1);
  }
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    using std::exp;
    using value = value_t<Scalar>;
    value const x = value_of(u), v = x / value(tau);
    auto const positive = x > value(0);
    auto const logistic = log_sigmoid_with_slope(x);
    value const off = prefopt::sigmoid(-v),
                modulation_slope = prefopt::sigmoid(v) * off / value(tau);

    // sigmoid(v) e^-u as one exponential: its factors underflow and overflow.
    value const even = log_sigmoid(select(positive, v, -v));
    value const exponential = exp(even + select(positive, -x, x * value(1 / tau - 1)));
    value const f = exponential - off * logistic.value;
    value const bend = select(modulation_slope == value(0), value(0),  // against 0 * infinity
                              modulation_slope * logistic.value);
    return chain(f, exponential * (off / value(tau) - value(1)) + bend - off * logistic.slope, u);
  }
};

}  // namespace link

/// The loss that a language model wrote: logistic where the margin is negative, exponential where
/// it is positive.
///
/// \f[ L = (1 - m)(-\log\sigma(u)) + m e^{-u},\quad m = \sigma(u/\tau),\quad
///     u = \beta(\log\frac{\pi(y_w)}{\pi_{ref}(y_w)} - \log\frac{\pi(y_l)}{\pi_{ref}(y_l)}) \f]
/// At policy = reference L = (1 + log 2) / 2. `tau` in (0, 1) defaults to 0.05, the paper's.
///
/// Also called: TRL and Liger `discopop` (`discopop_tau`), which give NaN for u below -88 in fp32.
template <class Real, class Score = score::log_ratio>
struct discopop {
  Real beta = Real(0.1);
  Real tau = Real(0.05);
  Score score{};

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected>("text", link::log_ratio_modulated<Real>{tau},
                                                      beta, Real(0), Real(1), score);
  }
};
static_assert(check_loss<discopop<float>, float>());

}  // namespace prefopt
