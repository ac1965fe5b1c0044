// SPDX-License-Identifier: MIT
#pragma once
/// \file  From the logits a model wrote to the logits a softmax sees: scale, soft cap, temperature.

#include <cmath>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// y = cap tanh(scale x / cap) / temperature, applied on the fly, in this order; without a cap,
/// y = scale x / temperature. A raw logit of -inf (masked vocabulary) stays -inf: the cap comes
/// first, the mask after; +inf gives NaN.
template <class Real>
struct logit_transform {
  Real logit_scale = Real(1);  ///< > 0 (Cohere, Granite)
  Real softcap = Real(0);      ///< > 0 (Gemma 2: 30); 0 means none
  Real temperature = Real(1);  ///< > 0
};

namespace detail {

// A transform is y = scale u(x). Rows take differences of u, where `scale` has not rounded yet.

/// y = u = x.
template <class Real>
struct plain_logit {
  static constexpr Real scale = Real(1);

  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& x) const
  {
    return x;
  }
  /// dy/dx.
  template <class Scalar>
  PREFOPT_HD Scalar slope(Scalar const&) const
  {
    return Scalar(1);
  }
};

/// u = x.
template <class Real>
struct scaled_logit {
  Real scale;

  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& x) const
  {
    return x;
  }
  template <class Scalar>
  PREFOPT_HD Scalar slope(Scalar const&) const
  {
    return Scalar(scale);
  }
};

/// u = tanh(inner x), with -inf left as it is.
template <class Real>
struct capped_logit {
  Real inner;
  Real scale;

  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& x) const
  {
    using std::tanh;
    Scalar const masked(-infinity_v<Real>);
    Scalar const zero = x - x;  // NaN for +inf, which has no place on the cap
    return select(x == masked, masked, tanh(x * Scalar(inner)) + zero);
  }

  /// 1 - tanh^2 as 4e / (1 + e)^2, e = e^-2|z|, which keeps its digits when saturated.
  template <class Scalar>
  PREFOPT_HD Scalar slope(Scalar const& x) const
  {
    using std::exp;
    Scalar const z = x * Scalar(inner);
    Scalar const e = exp(Scalar(-2) * select(z > Scalar(0), z, -z));
    Scalar const one_e = Scalar(1) + e;
    return Scalar(scale * inner) * (Scalar(4) * e / (one_e * one_e));
  }
};

/// Whichever of these a `logit_transform` asks for, prepared so that no element divides by a
/// parameter. An executor that can take one of them out of its loop calls `visit`.
template <class Real>
struct logit_map {
  bool has_cap;
  Real scale;
  scaled_logit<Real> scaled;
  capped_logit<Real> capped;

  PREFOPT_HD constexpr explicit logit_map(logit_transform<Real> const& t = {})
      : has_cap(t.softcap > Real(0)),
        scale((has_cap ? t.softcap : t.logit_scale) / t.temperature),
        scaled{scale},
        capped{has_cap ? t.logit_scale / t.softcap : Real(0), scale}
  {
  }

  PREFOPT_HD Real operator()(Real x) const { return has_cap ? capped(x) : scaled(x); }
  PREFOPT_HD Real slope(Real x) const { return has_cap ? capped.slope(x) : scaled.slope(x); }

  template <class Visit>
  auto visit(Visit const& f) const
  {
    if (has_cap) { return f(capped); }
    return scale == Real(1) ? f(plain_logit<Real>{}) : f(scaled);
  }
};

}  // namespace detail
}  // namespace prefopt
PREFOPT_INLINED_END
