// SPDX-License-Identifier: MIT
#pragma once
/// \file  The projector `mlp2x_gelu` from vision features to the decoder's embedding space.

#include "llava/model/activation.hpp"
#include "llava/model/linear.hpp"

namespace llava {

/// linear_2(gelu(linear_1(x))) with the erf-GELU.
template <class Real>
struct projector {
  linear<Real> linear_1;
  linear<Real> linear_2;

  bool trained() const
  {
    return linear_1.weight->trained || linear_1.bias->trained || linear_2.weight->trained ||
           linear_2.bias->trained;
  }
};

template <class Real>
struct projector_state {
  buffer<Real> inner;      // linear_1(x)
  buffer<Real> activated;  // gelu(inner)
  buffer<Real> output;     // [rows, hidden of the decoder]
};

template <class Real>
void projector_forward(projector<Real> const& p, index_t rows, Real const* x,
                       projector_state<Real>& state, linear_scratch<Real>& scratch)
{
  index_t const size = rows * p.linear_1.out;
  Real* const inner = state.inner.resize(size);
  Real* const activated = state.activated.resize(size);
  linear_forward(p.linear_1, rows, x, inner, write::overwrite, scratch);
  activate(erf_gelu{}, size, inner, activated);
  linear_forward(p.linear_2, rows, activated, state.output.resize(rows * p.linear_2.out),
                 write::overwrite, scratch);
}

/// dx may be null, if the tower below is frozen.
template <class Real>
void projector_backward(projector<Real> const& p, index_t rows, Real const* x, Real const* dy,
                        Real* dx, projector_state<Real>& state, buffer<Real>& inner_gradient,
                        linear_scratch<Real>& scratch)
{
  index_t const size = rows * p.linear_1.out;
  Real* const d_inner = inner_gradient.resize(size);
  linear_backward(p.linear_2, rows, state.activated.data(), dy, d_inner, write::overwrite, scratch);
  activate_backward(erf_gelu{}, size, state.inner.data(), d_inner);
  linear_backward(p.linear_1, rows, x, d_inner, dx, write::overwrite, scratch);
}

}  // namespace llava
