// SPDX-License-Identifier: MIT
#pragma once
/// \file  Activations with their derivatives: quick-GELU (CLIP), erf-GELU (projector), SwiGLU
/// (LLaMA).

#include <cmath>

#include "llava/model/device.hpp"

namespace llava {

template <class Real>
struct value_and_slope {
  Real value;
  Real slope;
};

/// x sigmoid(scale x). At scale 1.702 the GELU of CLIP (Hendrycks and Gimpel 2016, arXiv
/// 1606.08415, section 2), at scale 1 the SiLU of LLaMA.
template <class Real>
PREFOPT_HD value_and_slope<Real> gated_identity(Real x, Real scale)
{
  using std::exp;
  Real const gate = Real(1) / (Real(1) + exp(-scale * x));
  return {x * gate, gate * (Real(1) + scale * x * (Real(1) - gate))};
}

struct quick_gelu {
  template <class Real>
  PREFOPT_HD value_and_slope<Real> operator()(Real x) const
  {
    return gated_identity(x, Real(1.702));
  }
};

struct silu {
  template <class Real>
  PREFOPT_HD value_and_slope<Real> operator()(Real x) const
  {
    return gated_identity(x, Real(1));
  }
};

/// x Phi(x) with the exact normal distribution function.
struct erf_gelu {
  template <class Real>
  PREFOPT_HD value_and_slope<Real> operator()(Real x) const
  {
    using std::erf;
    using std::exp;
    Real const phi = Real(0.5) * (Real(1) + erf(x * Real(0.70710678118654752)));
    Real const density = Real(0.39894228040143268) * exp(Real(-0.5) * x * x);
    return {x * phi, phi + x * density};
  }
};

namespace detail {

template <class Real, class Activation>
struct activate_element {
  Activation activation;
  Real const* x;
  Real* y;
  PREFOPT_HD void operator()(index_t i) const { y[i] = activation(x[i]).value; }
};

template <class Real, class Activation>
struct activate_element_gradient {
  Activation activation;
  Real const* x;
  Real* dy;
  PREFOPT_HD void operator()(index_t i) const { dy[i] *= activation(x[i]).slope; }
};

template <class Real>
struct swiglu_element {
  Real const* gate;
  Real const* up;
  Real* y;
  PREFOPT_HD void operator()(index_t i) const { y[i] = silu{}(gate[i]).value * up[i]; }
};

template <class Real>
struct swiglu_element_gradient {
  Real* gate;
  Real* up;
  Real const* dy;
  PREFOPT_HD void operator()(index_t i) const
  {
    value_and_slope<Real> const s = silu{}(gate[i]);
    gate[i] = dy[i] * up[i] * s.slope;
    up[i] = dy[i] * s.value;
  }
};

// An exponential costs about as much as this many plain element operations.
inline constexpr index_t activation_cost = 16;

}  // namespace detail

/// y = activation(x)
template <class Real, class Activation>
void activate(Activation activation, index_t count, Real const* x, Real* y)
{
  for_each_index(count, detail::activation_cost,
                 detail::activate_element<Real, Activation>{activation, x, y});
}

/// dy becomes the gradient of x.
template <class Real, class Activation>
void activate_backward(Activation activation, index_t count, Real const* x, Real* dy)
{
  for_each_index(count, detail::activation_cost,
                 detail::activate_element_gradient<Real, Activation>{activation, x, dy});
}

/// y = silu(gate) * up
template <class Real>
void swiglu(index_t count, Real const* gate, Real const* up, Real* y)
{
  for_each_index(count, detail::activation_cost, detail::swiglu_element<Real>{gate, up, y});
}

/// `gate` and `up` become their own gradients.
template <class Real>
void swiglu_backward(index_t count, Real* gate, Real* up, Real const* dy)
{
  for_each_index(count, detail::activation_cost,
                 detail::swiglu_element_gradient<Real>{gate, up, dy});
}

}  // namespace llava
