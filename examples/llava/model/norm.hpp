// SPDX-License-Identifier: MIT
#pragma once
/// \file  LayerNorm and RMSNorm over rows, forward and backward.

#include <cmath>

#include "llava/model/device.hpp"
#include "llava/model/parameter.hpp"
#include "llava/model/reduce.hpp"

namespace llava {

/// y = weight * x / sqrt(mean(x^2) + eps), or with a bias
/// y = weight * (x - mean(x)) / sqrt(var(x) + eps) + bias.
template <class Real>
struct norm {
  index_t width = 0;
  Real epsilon = Real(1e-5);
  parameter<Real>* weight = nullptr;
  parameter<Real>* bias = nullptr;  // given: LayerNorm; null: RMSNorm
};

/// What the backward pass needs beside the input: per row the mean (0 for RMSNorm) and the factor
/// 1 / sqrt(... + eps).
template <class Real>
struct norm_state {
  buffer<Real> mean;
  buffer<Real> factor;
};

namespace detail {

template <class Real>
struct value_term {
  Real const* x;
  PREFOPT_HD Real operator()(index_t i) const { return x[i]; }
};

template <class Real>
struct centred_square_term {
  Real const* x;
  Real mean;
  PREFOPT_HD Real operator()(index_t i) const { return (x[i] - mean) * (x[i] - mean); }
};

template <class Real>
struct product_term {
  Real const* a;
  Real const* b;
  PREFOPT_HD Real operator()(index_t i) const { return a[i] * b[i]; }
};

/// weight * dy * normalised x
template <class Real>
struct projection_term {
  Real const* weight;
  Real const* dy;
  Real const* x;
  Real mean;
  Real factor;
  PREFOPT_HD Real operator()(index_t i) const
  {
    return weight[i] * dy[i] * ((x[i] - mean) * factor);
  }
};

template <class Real, bool Centred>
struct norm_row {
  index_t width;
  Real epsilon;
  Real const* x;
  Real const* weight;
  Real const* bias;
  Real* y;
  Real* mean;
  Real* factor;

  PREFOPT_HD void operator()(index_t r) const
  {
    using std::sqrt;
    Real const* const in = x + r * width;
    Real* const out = y + r * width;
    Real const count = static_cast<Real>(width);
    Real centre = 0;
    if constexpr (Centred) centre = lane_sum<Real>(width, value_term<Real>{in}) / count;
    Real const square = lane_sum<Real>(width, centred_square_term<Real>{in, centre}) / count;
    Real const scale = Real(1) / sqrt(square + epsilon);
    for (index_t i = 0; i < width; ++i) {
      out[i] = (in[i] - centre) * scale * weight[i];
      if constexpr (Centred) out[i] += bias[i];
    }
    mean[r] = centre;
    factor[r] = scale;
  }
};

/// dx += factor * (g - mean(g) - xhat mean(g xhat)) with g = weight dy; RMSNorm has no mean(g).
template <class Real, bool Centred>
struct norm_row_gradient {
  index_t width;
  Real const* x;
  Real const* weight;
  Real const* dy;
  Real const* mean;
  Real const* factor;
  Real* dx;

  PREFOPT_HD void operator()(index_t r) const
  {
    Real const* const in = x + r * width;
    Real const* const g = dy + r * width;
    Real* const out = dx + r * width;
    Real const count = static_cast<Real>(width);
    Real const m = mean[r];
    Real const f = factor[r];
    Real shift = 0;
    if constexpr (Centred) shift = lane_sum<Real>(width, product_term<Real>{weight, g}) / count;
    Real const slope = lane_sum<Real>(width, projection_term<Real>{weight, g, in, m, f}) / count;
    for (index_t i = 0; i < width; ++i) {
      out[i] += f * (weight[i] * g[i] - shift - (in[i] - m) * f * slope);
    }
  }
};

template <class Real>
struct norm_weight_term {
  index_t width;
  Real const* x;
  Real const* dy;
  Real const* mean;
  Real const* factor;
  PREFOPT_HD Real operator()(index_t r, index_t c) const
  {
    return dy[r * width + c] * ((x[r * width + c] - mean[r]) * factor[r]);
  }
};

}  // namespace detail

template <class Real>
void norm_forward(norm<Real> const& n, index_t rows, Real const* x, Real* y,
                  norm_state<Real>& state)
{
  Real* const mean = state.mean.resize(rows);
  Real* const factor = state.factor.resize(rows);
  Real const* weight = n.weight->values.data();
  if (n.bias != nullptr) {
    for_each_index(rows, 4 * n.width,
                   detail::norm_row<Real, true>{n.width, n.epsilon, x, weight,
                                                n.bias->values.data(), y, mean, factor});
  } else {
    for_each_index(
        rows, 3 * n.width,
        detail::norm_row<Real, false>{n.width, n.epsilon, x, weight, nullptr, y, mean, factor});
  }
}

/// Adds to dx, since a norm always reads a residual stream whose gradient also flows past it, and
/// to the gradients of weight and bias if they are trained. dy and dx must not overlap.
template <class Real>
void norm_backward(norm<Real> const& n, index_t rows, Real const* x, Real const* dy,
                   norm_state<Real> const& state, Real* dx)
{
  Real const* const mean = state.mean.data();
  Real const* const factor = state.factor.data();
  Real const* const weight = n.weight->values.data();
  if (n.bias != nullptr) {
    for_each_index(rows, 5 * n.width,
                   detail::norm_row_gradient<Real, true>{n.width, x, weight, dy, mean, factor, dx});
  } else {
    for_each_index(
        rows, 4 * n.width,
        detail::norm_row_gradient<Real, false>{n.width, x, weight, dy, mean, factor, dx});
  }
  if (n.weight->trained) {
    add_column_sums(rows, n.width, detail::norm_weight_term<Real>{n.width, x, dy, mean, factor},
                    n.weight->gradient.data());
  }
  if (n.bias != nullptr && n.bias->trained) {
    add_column_sums(rows, n.width, detail::matrix_element<Real>{dy, n.width},
                    n.bias->gradient.data());
  }
}

}  // namespace llava
