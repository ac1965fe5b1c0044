// SPDX-License-Identifier: MIT
#pragma once
/// \file  Links: what a margin costs.

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

/// Links: from a margin u (larger is better) to a loss. A link of one loss only lies in that loss's
/// header.
PREFOPT_INLINED_BEGIN
namespace prefopt::link {

/// -(1 - e) log sigmoid(u) - e log sigmoid(-u), with label smoothing e in [0, 1/2). At u =
/// -infinity the value is infinite and the slope -(1 - e).
template <class Real>
struct logistic {
  Real label_smoothing = Real(0);

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.in_half_open("label_smoothing", label_smoothing, 0, 0.5);
  }
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
/// sigmoid(-u): bounded, and flat far from 0 on both sides. Its slope is formed without 1 -
/// sigmoid(u).
struct sigmoid {
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return prefopt::sigmoid(-u);
  }
};
/// max(0, target - u); the subgradient at the kink is 0. NaN propagates.
template <class Real>
struct hinge {
  Real target = Real(1);

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("target", target);
  }
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return select(u >= Scalar(target), Scalar(0), target - u);
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
/// -u: a likelihood that is maximised as it is.
struct negative {
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return -u;
  }
};
/// u: a quantity that is minimised as it is.
struct identity {
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return u;
  }
};
/// The gradient of another link with value 0, also where its value is infinite: for a value that
/// another term already counts. NaN propagates.
template <class Link>
struct gradient_only {
  Link link{};
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    using value = value_t<Scalar>;
    Scalar const f = link(u);
    value const v = value_of(f);
    return chain(select(v == v, value(0), v), value(1), f);  // f - f is NaN at infinity
  }
};

}  // namespace prefopt::link
PREFOPT_INLINED_END
