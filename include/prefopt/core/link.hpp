// SPDX-License-Identifier: MIT
#pragma once
/// \file  Links: what a margin costs.

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

/// Links: from a margin u (larger is better) to a loss.
namespace prefopt::link {

/// -(1 - e) log sigmoid(u) - e log sigmoid(-u), with label smoothing e in [0, 1/2). At u =
/// -infinity the value is infinite and the slope -(1 - e).
template <class Real>
struct logistic {
  Real label_smoothing = Real(0);
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    if (label_smoothing == Real(0)) { return -log_sigmoid(u); }  // 0 * infinity is NaN
    // Both logarithms are log sigmoid(|u|), less |u| in one of them.
    auto const positive = u > Scalar(0);
    Scalar const linear = select(positive, label_smoothing * u, -((Real(1) - label_smoothing) * u));
    return linear - log_sigmoid(select(positive, u, -u));
  }
};
/// max(0, 1 - u); the subgradient at the kink u = 1 is 0. NaN propagates.
struct hinge {
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return select(u >= Scalar(1), Scalar(0), Scalar(1) - u);
  }
};
/// u^2.
struct square {
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return u * u;
  }
};

}  // namespace prefopt::link
