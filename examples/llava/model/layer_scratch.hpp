// SPDX-License-Identifier: MIT
#pragma once
/// \file  Memory that every layer uses in turn and that holds nothing between layers.

#include "llava/model/attention.hpp"
#include "llava/model/device.hpp"
#include "llava/model/linear.hpp"

namespace llava {

template <class Real>
struct layer_scratch {
  linear_scratch<Real> linear;
  attention_scratch<Real> attention;
  buffer<Real> inner;  // activation inside an MLP, [rows, intermediate]
  buffer<Real> inner_gradient;
  buffer<Real> stream_gradient;  // of the residual stream, [rows, hidden]
  buffer<Real> normed_gradient;
  buffer<Real> query_gradient;
  buffer<Real> key_gradient;
  buffer<Real> value_gradient;
};

}  // namespace llava
