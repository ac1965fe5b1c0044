// SPDX-License-Identifier: MIT
#pragma once
/// \file  From the logits a model wrote to the logits a softmax sees: scale, soft cap, temperature.

#include <cmath>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// y = cap tanh(scale x / cap) / temperature, applied on the fly, in this order; without a cap,
/// y = scale x / temperature. A raw logit of -inf (masked vocabulary) stays -inf: the cap comes
/// first, the mask after.
template <class Real>
struct logit_transform {
  Real logit_scale = Real(1);  ///< > 0 (Cohere, Granite)
  Real softcap = Real(0);      ///< > 0 (Gemma 2: 30); 0 means none
  Real temperature = Real(1);  ///< > 0
};

namespace detail {

/// The two factors of a `logit_transform`: y = outer tanh(inner x) or y = outer x.
template <class Real>
struct logit_map {
  bool capped;
  Real inner;
  Real outer;

  PREFOPT_HD constexpr explicit logit_map(logit_transform<Real> const& t)
      : capped(t.softcap > Real(0)),
        inner(capped ? t.logit_scale / t.softcap : Real(1)),
        outer((capped ? t.softcap : t.logit_scale) / t.temperature)
  {
  }

  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& x) const
  {
    using std::tanh;
    if (!capped) { return Scalar(outer) * x; }
    Scalar const masked(-infinity_v<Real>);
    return select(x == masked, masked, Scalar(outer) * tanh(Scalar(inner) * x));
  }

  /// dy/dx; 1 - tanh^2 as 4e / (1 + e)^2, e = e^-2|z|, which keeps its digits when saturated.
  template <class Scalar>
  PREFOPT_HD Scalar slope(Scalar const& x) const
  {
    using std::exp;
    if (!capped) { return Scalar(outer); }
    Scalar const z = Scalar(inner) * x;
    Scalar const e = exp(Scalar(-2) * select(z > Scalar(0), z, -z));
    Scalar const one_e = Scalar(1) + e;
    return Scalar(outer * inner) * (Scalar(4) * e / (one_e * one_e));
  }
};

}  // namespace detail
}  // namespace prefopt
