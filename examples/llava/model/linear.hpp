// SPDX-License-Identifier: MIT
#pragma once
/// \file  Linear layers with an optional low-rank adapter (LoRA, Hu et al. 2021, arXiv 2106.09685).

#include "llava/model/device.hpp"
#include "llava/model/gemm.hpp"
#include "llava/model/parameter.hpp"
#include "llava/model/reduce.hpp"

namespace llava {

/// y = x W^T + bias + (alpha / r) (x A^T) B^T, with W [out, in], A [r, in], B [out, r].
template <class Real>
struct linear {
  index_t in = 0;
  index_t out = 0;
  parameter<Real>* weight = nullptr;
  parameter<Real>* bias = nullptr;    // null: none
  parameter<Real>* lora_a = nullptr;  // null: no adapter
  parameter<Real>* lora_b = nullptr;
  Real lora_scale = 0;  // alpha / r

  index_t rank() const { return lora_a == nullptr ? 0 : lora_a->shape[0]; }
};

/// Space for x A^T and its gradient, and whether adapters take part.
template <class Real>
struct linear_scratch {
  buffer<Real> low_rank;
  buffer<Real> low_rank_gradient;
  bool adapters = true;
};

/// Whether a product replaces its output or adds to it.
enum class write { overwrite, add };

namespace detail {

template <class Real>
struct add_bias_element {
  index_t width;
  Real const* bias;
  Real* y;
  PREFOPT_HD void operator()(index_t r) const
  {
    Real* const row = y + r * width;
    for (index_t i = 0; i < width; ++i) row[i] += bias[i];
  }
};

template <class Real>
void low_rank_forward(linear<Real> const& l, index_t rows, Real const* x,
                      linear_scratch<Real>& scratch)
{
  index_t const r = l.rank();
  gemm(op::none, op::transpose, rows, r, l.in, Real(1), x, l.in, l.lora_a->values.data(), l.in,
       Real(0), scratch.low_rank.resize(rows * r), r);
}

/// grad W += alpha dy^T x, if W is trained.
template <class Real>
void add_weight_gradient(parameter<Real>& w, index_t rows, index_t out, index_t in, Real alpha,
                         Real const* dy, Real const* x)
{
  if (!w.trained) return;
  gemm(op::transpose, op::none, out, in, rows, alpha, dy, out, x, in, Real(1), w.gradient.data(),
       in);
}

}  // namespace detail

template <class Real>
void linear_forward(linear<Real> const& l, index_t rows, Real const* x, Real* y, write mode,
                    linear_scratch<Real>& scratch)
{
  gemm(op::none, op::transpose, rows, l.out, l.in, Real(1), x, l.in, l.weight->values.data(), l.in,
       mode == write::add ? Real(1) : Real(0), y, l.out);
  if (l.bias != nullptr) {
    for_each_index(rows, l.out, detail::add_bias_element<Real>{l.out, l.bias->values.data(), y});
  }
  if (l.lora_a != nullptr && scratch.adapters) {
    index_t const r = l.rank();
    detail::low_rank_forward(l, rows, x, scratch);
    gemm(op::none, op::transpose, rows, l.out, r, l.lora_scale, scratch.low_rank.data(), r,
         l.lora_b->values.data(), r, Real(1), y, l.out);
  }
}

/// Writes or adds the gradient of x to dx (null: not wanted) and adds to the gradients of what is
/// trained. x A^T is computed again rather than kept: it costs r / out of the forward product.
template <class Real>
void linear_backward(linear<Real> const& l, index_t rows, Real const* x, Real const* dy, Real* dx,
                     write mode, linear_scratch<Real>& scratch)
{
  detail::add_weight_gradient(*l.weight, rows, l.out, l.in, Real(1), dy, x);
  if (l.bias != nullptr && l.bias->trained) {
    add_column_sums(rows, l.out, detail::matrix_element<Real>{dy, l.out}, l.bias->gradient.data());
  }
  if (dx != nullptr) {
    gemm(op::none, op::none, rows, l.in, l.out, Real(1), dy, l.out, l.weight->values.data(), l.in,
         mode == write::add ? Real(1) : Real(0), dx, l.in);
  }
  if (l.lora_a == nullptr || !scratch.adapters) return;

  index_t const r = l.rank();
  detail::low_rank_forward(l, rows, x, scratch);
  detail::add_weight_gradient(*l.lora_b, rows, l.out, r, l.lora_scale, dy, scratch.low_rank.data());
  Real* const low = scratch.low_rank_gradient.resize(rows * r);
  gemm(op::none, op::none, rows, r, l.out, l.lora_scale, dy, l.out, l.lora_b->values.data(), r,
       Real(0), low, r);
  detail::add_weight_gradient(*l.lora_a, rows, r, l.in, Real(1), low, x);
  if (dx != nullptr) {
    gemm(op::none, op::none, rows, l.in, r, Real(1), low, r, l.lora_a->values.data(), l.in, Real(1),
         dx, l.in);
  }
}

}  // namespace llava
