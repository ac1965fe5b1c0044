// SPDX-License-Identifier: MIT
#pragma once
/// \file  The LLaMA decoder over packed sequences, forward and backward.

#include <vector>

#include "llava/checkpoint/config.hpp"
#include "llava/model/activation.hpp"
#include "llava/model/attention.hpp"
#include "llava/model/layer_scratch.hpp"
#include "llava/model/linear.hpp"
#include "llava/model/norm.hpp"
#include "llava/model/rope.hpp"

namespace llava {

/// x += out(attention(norm1(x))); x += down(silu(gate(norm2(x))) * up(norm2(x))).
template <class Real>
struct decoder_block {
  norm<Real> norm1;
  linear<Real> query;
  linear<Real> key;
  linear<Real> value;
  linear<Real> out;
  norm<Real> norm2;
  linear<Real> gate;
  linear<Real> up;
  linear<Real> down;
};

template <class Real>
struct decoder_block_state {
  buffer<Real> input;
  norm_state<Real> norm1;
  buffer<Real> normed1;
  buffer<Real> query;  // after rotation
  buffer<Real> key;
  buffer<Real> value;
  buffer<Real> log_sum;
  buffer<Real> attended;
  buffer<Real> middle;
  norm_state<Real> norm2;
  buffer<Real> normed2;
  buffer<Real> gate;
  buffer<Real> up;
};

template <class Real>
struct decoder {
  text_config config;
  std::vector<decoder_block<Real>> blocks;

  attention_shape shape() const
  {
    return {config.num_attention_heads, config.num_key_value_heads, config.head_dim(), true};
  }
};

/// Where the rows of a packed batch lie and which position each has in its sequence.
struct packing {
  std::vector<index_t> cu_seqlens;
  buffer<index_t> position;

  index_t rows() const { return cu_seqlens.back(); }
};

/// state.input -> out [rows, hidden]
template <class Real>
void decoder_block_forward(decoder<Real> const& d, decoder_block<Real> const& block,
                           rope_table<Real> const& rope, packing const& pack,
                           decoder_block_state<Real>& state, Real* out,
                           layer_scratch<Real>& scratch)
{
  text_config const& c = d.config;
  index_t const rows = pack.rows();
  index_t const size = rows * c.hidden_size;
  index_t const key_size = rows * c.num_key_value_heads * c.head_dim();
  index_t const inner_size = rows * c.intermediate_size;
  Real const* const x = state.input.data();
  Real* const normed1 = state.normed1.resize(size);
  Real* const q = state.query.resize(size);
  Real* const k = state.key.resize(key_size);
  Real* const v = state.value.resize(key_size);
  norm_forward(block.norm1, rows, x, normed1, state.norm1);
  linear_forward(block.query, rows, normed1, q, write::overwrite, scratch.linear);
  linear_forward(block.key, rows, normed1, k, write::overwrite, scratch.linear);
  linear_forward(block.value, rows, normed1, v, write::overwrite, scratch.linear);
  rotate(rope, rotation::forward, rows, c.num_attention_heads, pack.position.data(), q);
  rotate(rope, rotation::forward, rows, c.num_key_value_heads, pack.position.data(), k);
  attention_forward(d.shape(), pack.cu_seqlens, q, k, v, state.attended.resize(size),
                    state.log_sum.resize(rows * c.num_attention_heads), scratch.attention);
  Real* const middle = state.middle.resize(size);
  copy(x, middle, size);
  linear_forward(block.out, rows, state.attended.data(), middle, write::add, scratch.linear);

  Real* const normed2 = state.normed2.resize(size);
  Real* const gate = state.gate.resize(inner_size);
  Real* const up = state.up.resize(inner_size);
  Real* const inner = scratch.inner.resize(inner_size);
  norm_forward(block.norm2, rows, middle, normed2, state.norm2);
  linear_forward(block.gate, rows, normed2, gate, write::overwrite, scratch.linear);
  linear_forward(block.up, rows, normed2, up, write::overwrite, scratch.linear);
  swiglu(inner_size, gate, up, inner);
  copy(middle, out, size);
  linear_forward(block.down, rows, inner, out, write::add, scratch.linear);
}

/// dx: gradient of the block's output -> of its input, in place. `state` is used up: gate and up
/// are replaced by their gradients.
template <class Real>
void decoder_block_backward(decoder<Real> const& d, decoder_block<Real> const& block,
                            rope_table<Real> const& rope, packing const& pack,
                            decoder_block_state<Real>& state, Real* dx,
                            layer_scratch<Real>& scratch)
{
  text_config const& c = d.config;
  index_t const rows = pack.rows();
  index_t const size = rows * c.hidden_size;
  index_t const key_size = rows * c.num_key_value_heads * c.head_dim();
  index_t const inner_size = rows * c.intermediate_size;
  Real* const inner = scratch.inner.resize(inner_size);
  Real* const d_inner = scratch.inner_gradient.resize(inner_size);
  Real* const d_normed = scratch.normed_gradient.resize(size);
  Real* const gate = state.gate.data();
  Real* const up = state.up.data();
  swiglu(inner_size, gate, up, inner);
  linear_backward(block.down, rows, inner, dx, d_inner, write::overwrite, scratch.linear);
  swiglu_backward(inner_size, gate, up, d_inner);
  linear_backward(block.gate, rows, state.normed2.data(), gate, d_normed, write::overwrite,
                  scratch.linear);
  linear_backward(block.up, rows, state.normed2.data(), up, d_normed, write::add, scratch.linear);
  norm_backward(block.norm2, rows, state.middle.data(), d_normed, state.norm2, dx);

  Real* const d_attended = d_normed;
  linear_backward(block.out, rows, state.attended.data(), dx, d_attended, write::overwrite,
                  scratch.linear);
  Real* const dq = scratch.query_gradient.resize(size);
  Real* const dk = scratch.key_gradient.resize(key_size);
  Real* const dv = scratch.value_gradient.resize(key_size);
  attention_backward(d.shape(), pack.cu_seqlens, state.query.data(), state.key.data(),
                     state.value.data(), state.log_sum.data(), d_attended, dq, dk, dv,
                     scratch.attention);
  rotate(rope, rotation::backward, rows, c.num_attention_heads, pack.position.data(), dq);
  rotate(rope, rotation::backward, rows, c.num_key_value_heads, pack.position.data(), dk);
  Real const* const normed1 = state.normed1.data();
  linear_backward(block.query, rows, normed1, dq, d_normed, write::overwrite, scratch.linear);
  linear_backward(block.key, rows, normed1, dk, d_normed, write::add, scratch.linear);
  linear_backward(block.value, rows, normed1, dv, d_normed, write::add, scratch.linear);
  norm_backward(block.norm1, rows, state.input.data(), d_normed, state.norm1, dx);
}

}  // namespace llava
