// SPDX-License-Identifier: MIT
#pragma once
/// \file  Multi-head attention over packed sequences, causal or full, with grouped key/value heads.

#include <cmath>
#include <vector>

#include "llava/model/device.hpp"
#include "llava/model/gemm.hpp"
#include "llava/model/reduce.hpp"

namespace llava {

/// Query head h reads key/value head h / (heads / kv_heads).
struct attention_shape {
  index_t heads = 1;
  index_t kv_heads = 1;
  index_t head_dim = 1;
  bool causal = true;

  index_t group() const { return heads / kv_heads; }
};

/// Probabilities of one sequence and their gradient, [heads, length, length]. Only the row
/// normalisers are kept between the passes, so memory does not grow with length^2 x layers.
template <class Real>
struct attention_scratch {
  buffer<Real> probability;
  buffer<Real> gradient;
};

namespace detail {

/// Turns scores into probabilities, first computing the row's log-normaliser (`log_sum` written) or
/// reusing it (`Recompute`). Index -> one row of one head.
template <class Real, bool Recompute>
struct softmax_row {
  index_t heads;
  index_t length;
  index_t first_row;  // of the sequence in the packed batch
  bool causal;
  Real* score;
  Real* log_sum;  // [rows, heads]

  PREFOPT_HD void operator()(index_t index) const
  {
    using std::exp;
    using std::log;
    index_t const head = index / length;
    index_t const i = index % length;
    index_t const count = causal ? i + 1 : length;
    Real* const row = score + index * length;
    Real& saved = log_sum[(first_row + i) * heads + head];
    if constexpr (!Recompute) {
      Real top = row[0];
      for (index_t j = 1; j < count; ++j) top = row[j] > top ? row[j] : top;
      Real sum = 0;
      for (index_t j = 0; j < count; ++j) sum += exp(row[j] - top);
      saved = top + log(sum);
    }
    Real const shift = saved;
    for (index_t j = 0; j < count; ++j) row[j] = exp(row[j] - shift);
    for (index_t j = count; j < length; ++j) row[j] = 0;
  }
};

template <class Real>
struct weighted_term {
  Real const* p;
  Real const* g;
  PREFOPT_HD Real operator()(index_t i) const { return p[i] * g[i]; }
};

/// Gradient of the probabilities -> gradient of the scores. Index -> one row of one head.
template <class Real>
struct softmax_row_gradient {
  index_t length;
  Real const* probability;
  Real* gradient;

  PREFOPT_HD void operator()(index_t index) const
  {
    Real const* const p = probability + index * length;
    Real* const g = gradient + index * length;
    Real const mean = lane_sum<Real>(length, weighted_term<Real>{p, g});
    for (index_t j = 0; j < length; ++j) g[j] = p[j] * (g[j] - mean);
  }
};

/// The matrices of one sequence, for query heads that are `member` of their group: one batched
/// product over the key/value heads.
template <class Real>
struct attention_products {
  attention_shape shape;
  index_t length;
  Real scale;

  index_t query_pitch() const { return shape.heads * shape.head_dim; }
  index_t key_pitch() const { return shape.kv_heads * shape.head_dim; }

  /// scores [length, length] = alpha x y^T, x with query heads and y with key/value heads
  void scores(Real alpha, Real const* x, Real const* y, Real* out) const
  {
    for (index_t member = 0; member < shape.group(); ++member) {
      gemm_batched(op::none, op::transpose, length, length, shape.head_dim, alpha,
                   x + member * shape.head_dim, query_pitch(), shape.group() * shape.head_dim, y,
                   key_pitch(), shape.head_dim, Real(0), out + member * length * length, length,
                   shape.group() * length * length, shape.kv_heads);
    }
  }

  /// out (query heads) = alpha scores y, y with key/value heads
  void to_queries(Real alpha, Real const* score, Real const* y, Real* out) const
  {
    for (index_t member = 0; member < shape.group(); ++member) {
      gemm_batched(op::none, op::none, length, shape.head_dim, length, alpha,
                   score + member * length * length, length, shape.group() * length * length, y,
                   key_pitch(), shape.head_dim, Real(0), out + member * shape.head_dim,
                   query_pitch(), shape.group() * shape.head_dim, shape.kv_heads);
    }
  }

  /// out (key/value heads) = alpha sum over the group of scores^T x, x with query heads
  void to_keys(Real alpha, Real const* score, Real const* x, Real* out) const
  {
    for (index_t member = 0; member < shape.group(); ++member) {
      gemm_batched(op::transpose, op::none, length, shape.head_dim, length, alpha,
                   score + member * length * length, length, shape.group() * length * length,
                   x + member * shape.head_dim, query_pitch(), shape.group() * shape.head_dim,
                   member == 0 ? Real(0) : Real(1), out, key_pitch(), shape.head_dim,
                   shape.kv_heads);
    }
  }
};

template <class Real>
attention_products<Real> products_of(attention_shape const& shape, index_t length)
{
  using std::sqrt;
  return {shape, length, Real(1) / sqrt(static_cast<Real>(shape.head_dim))};
}

}  // namespace detail

/// out = softmax(q k^T / sqrt(head_dim)) v within each sequence [cu_seqlens[s], cu_seqlens[s + 1]).
/// q and out are [rows, heads, head_dim], k and v [rows, kv_heads, head_dim], log_sum [rows,
/// heads].
template <class Real>
void attention_forward(attention_shape const& shape, std::vector<index_t> const& cu_seqlens,
                       Real const* q, Real const* k, Real const* v, Real* out, Real* log_sum,
                       attention_scratch<Real>& scratch)
{
  for (std::size_t s = 0; s + 1 < cu_seqlens.size(); ++s) {
    index_t const first = cu_seqlens[s];
    index_t const length = cu_seqlens[s + 1] - first;
    auto const products = detail::products_of<Real>(shape, length);
    index_t const query = first * products.query_pitch();
    index_t const key = first * products.key_pitch();
    Real* const p = scratch.probability.resize(shape.heads * length * length);
    products.scores(products.scale, q + query, k + key, p);
    for_each_index(
        shape.heads * length, 32 * length,
        detail::softmax_row<Real, false>{shape.heads, length, first, shape.causal, p, log_sum});
    products.to_queries(Real(1), p, v + key, out + query);
  }
}

/// Overwrites dq, dk, dv from d_out; `log_sum` is the forward pass's.
template <class Real>
void attention_backward(attention_shape const& shape, std::vector<index_t> const& cu_seqlens,
                        Real const* q, Real const* k, Real const* v, Real* log_sum,
                        Real const* d_out, Real* dq, Real* dk, Real* dv,
                        attention_scratch<Real>& scratch)
{
  for (std::size_t s = 0; s + 1 < cu_seqlens.size(); ++s) {
    index_t const first = cu_seqlens[s];
    index_t const length = cu_seqlens[s + 1] - first;
    auto const products = detail::products_of<Real>(shape, length);
    index_t const query = first * products.query_pitch();
    index_t const key = first * products.key_pitch();
    Real* const p = scratch.probability.resize(shape.heads * length * length);
    Real* const g = scratch.gradient.resize(shape.heads * length * length);
    products.scores(products.scale, q + query, k + key, p);
    for_each_index(
        shape.heads * length, 16 * length,
        detail::softmax_row<Real, true>{shape.heads, length, first, shape.causal, p, log_sum});
    products.to_keys(Real(1), p, d_out + query, dv + key);
    products.scores(Real(1), d_out + query, v + key, g);
    for_each_index(shape.heads * length, 4 * length,
                   detail::softmax_row_gradient<Real>{length, p, g});
    products.to_queries(products.scale, g, k + key, dq + query);
    products.to_keys(products.scale, g, q + query, dk + key);
  }
}

}  // namespace llava
