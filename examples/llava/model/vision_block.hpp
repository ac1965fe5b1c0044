// SPDX-License-Identifier: MIT
#pragma once
/// \file  One transformer block of the CLIP vision tower, forward and backward.

#include <vector>

#include "llava/checkpoint/config.hpp"
#include "llava/model/activation.hpp"
#include "llava/model/attention.hpp"
#include "llava/model/layer_scratch.hpp"
#include "llava/model/linear.hpp"
#include "llava/model/norm.hpp"

namespace llava {

/// x += out(attention(norm1(x))); x += fc2(quick_gelu(fc1(norm2(x)))).
template <class Real>
struct vision_block {
  norm<Real> norm1;
  linear<Real> query;
  linear<Real> key;
  linear<Real> value;
  linear<Real> out;
  norm<Real> norm2;
  linear<Real> fc1;
  linear<Real> fc2;
};

template <class Real>
struct vision_block_state {
  buffer<Real> input;
  norm_state<Real> norm1;
  buffer<Real> normed1;
  buffer<Real> query;
  buffer<Real> key;
  buffer<Real> value;
  buffer<Real> log_sum;
  buffer<Real> attended;
  buffer<Real> middle;
  norm_state<Real> norm2;
  buffer<Real> normed2;
  buffer<Real> inner;
};

namespace detail {

/// The tower's activation is one of two.
template <class Real>
void activate_inner(vision_config const& c, index_t count, Real const* x, Real* y)
{
  if (c.hidden_act == "gelu") {
    activate(erf_gelu{}, count, x, y);
  } else {
    activate(quick_gelu{}, count, x, y);
  }
}

template <class Real>
void activate_inner_backward(vision_config const& c, index_t count, Real const* x, Real* dy)
{
  if (c.hidden_act == "gelu") {
    activate_backward(erf_gelu{}, count, x, dy);
  } else {
    activate_backward(quick_gelu{}, count, x, dy);
  }
}

inline attention_shape shape_of(vision_config const& c)
{
  return {c.num_attention_heads, c.num_attention_heads, c.head_dim(), false};
}

/// x: state.input -> out
template <class Real>
void vision_block_forward(vision_config const& config, vision_block<Real> const& block,
                          std::vector<index_t> const& cu_seqlens, vision_block_state<Real>& state,
                          Real* out, layer_scratch<Real>& scratch)
{
  index_t const rows = cu_seqlens.back();
  index_t const width = config.hidden_size;
  index_t const size = rows * width;
  Real const* const x = state.input.data();
  Real* const normed1 = state.normed1.resize(size);
  norm_forward(block.norm1, rows, x, normed1, state.norm1);
  linear_forward(block.query, rows, normed1, state.query.resize(size), write::overwrite,
                 scratch.linear);
  linear_forward(block.key, rows, normed1, state.key.resize(size), write::overwrite,
                 scratch.linear);
  linear_forward(block.value, rows, normed1, state.value.resize(size), write::overwrite,
                 scratch.linear);
  attention_forward(shape_of(config), cu_seqlens, state.query.data(), state.key.data(),
                    state.value.data(), state.attended.resize(size),
                    state.log_sum.resize(rows * config.num_attention_heads), scratch.attention);
  Real* const middle = state.middle.resize(size);
  copy(x, middle, size);
  linear_forward(block.out, rows, state.attended.data(), middle, write::add, scratch.linear);

  index_t const inner_size = rows * config.intermediate_size;
  norm_forward(block.norm2, rows, middle, state.normed2.resize(size), state.norm2);
  linear_forward(block.fc1, rows, state.normed2.data(), state.inner.resize(inner_size),
                 write::overwrite, scratch.linear);
  activate_inner(config, inner_size, state.inner.data(), scratch.inner.resize(inner_size));
  copy(middle, out, size);
  linear_forward(block.fc2, rows, scratch.inner.data(), out, write::add, scratch.linear);
}

/// dx: gradient of the block's output -> of its input, in place
template <class Real>
void vision_block_backward(vision_config const& config, vision_block<Real> const& block,
                           std::vector<index_t> const& cu_seqlens, vision_block_state<Real>& state,
                           Real* dx, layer_scratch<Real>& scratch)
{
  index_t const rows = cu_seqlens.back();
  index_t const size = rows * config.hidden_size;
  index_t const inner_size = rows * config.intermediate_size;
  Real* const inner = scratch.inner.resize(inner_size);
  Real* const d_inner = scratch.inner_gradient.resize(inner_size);
  Real* const d_normed = scratch.normed_gradient.resize(size);
  activate_inner(config, inner_size, state.inner.data(), inner);
  linear_backward(block.fc2, rows, inner, dx, d_inner, write::overwrite, scratch.linear);
  activate_inner_backward(config, inner_size, state.inner.data(), d_inner);
  linear_backward(block.fc1, rows, state.normed2.data(), d_inner, d_normed, write::overwrite,
                  scratch.linear);
  norm_backward(block.norm2, rows, state.middle.data(), d_normed, state.norm2, dx);

  Real* const d_attended = d_normed;
  linear_backward(block.out, rows, state.attended.data(), dx, d_attended, write::overwrite,
                  scratch.linear);
  Real* const dq = scratch.query_gradient.resize(size);
  Real* const dk = scratch.key_gradient.resize(size);
  Real* const dv = scratch.value_gradient.resize(size);
  attention_backward(shape_of(config), cu_seqlens, state.query.data(), state.key.data(),
                     state.value.data(), state.log_sum.data(), d_attended, dq, dk, dv,
                     scratch.attention);
  Real const* const normed1 = state.normed1.data();
  linear_backward(block.query, rows, normed1, dq, d_normed, write::overwrite, scratch.linear);
  linear_backward(block.key, rows, normed1, dk, d_normed, write::add, scratch.linear);
  linear_backward(block.value, rows, normed1, dv, d_normed, write::add, scratch.linear);
  norm_backward(block.norm1, rows, state.input.data(), d_normed, state.norm1, dx);
}

}  // namespace detail
}  // namespace llava
