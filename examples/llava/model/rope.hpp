// SPDX-License-Identifier: MIT
#pragma once
/// \file  Rotary position embedding (Su et al. 2021, arXiv 2104.09864) in the Hugging Face layout.

#include <cmath>
#include <vector>

#include "llava/model/device.hpp"

namespace llava {

/// Cosines and sines of position * base^(-2 i / head_dim), i < head_dim / 2. Grows on demand.
template <class Real>
struct rope_table {
  index_t head_dim = 0;
  double base = 10000;
  index_t positions = 0;
  buffer<Real> cosine;  // [positions, head_dim / 2]
  buffer<Real> sine;

  void reserve(index_t count)
  {
    if (count <= positions) return;
    index_t const half = head_dim / 2;
    std::vector<Real> c(static_cast<std::size_t>(count * half));
    std::vector<Real> s(c.size());
    for (index_t p = 0; p < count; ++p) {
      for (index_t i = 0; i < half; ++i) {
        double const frequency =
            std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
        double const angle = static_cast<double>(p) * frequency;
        c[static_cast<std::size_t>(p * half + i)] = static_cast<Real>(std::cos(angle));
        s[static_cast<std::size_t>(p * half + i)] = static_cast<Real>(std::sin(angle));
      }
    }
    upload(c, cosine);
    upload(s, sine);
    positions = count;
  }
};

namespace detail {

/// Index -> one head of one row. Dimension i turns with dimension i + head_dim / 2.
template <class Real>
struct rotate_head {
  index_t heads;
  index_t half;
  index_t const* position;
  Real const* cosine;
  Real const* sine;
  Real direction;
  Real* x;

  PREFOPT_HD void operator()(index_t index) const
  {
    index_t const row = index / heads;
    Real* const low = x + index * 2 * half;
    Real* const high = low + half;
    Real const* const c = cosine + position[row] * half;
    Real const* const s = sine + position[row] * half;
    for (index_t i = 0; i < half; ++i) {
      Real const a = low[i];
      Real const b = high[i];
      low[i] = a * c[i] - direction * (b * s[i]);
      high[i] = b * c[i] + direction * (a * s[i]);
    }
  }
};

}  // namespace detail

enum class rotation { forward, backward };

/// Turns x [rows, heads, head_dim] in place; turning the gradient back is the backward pass.
template <class Real>
void rotate(rope_table<Real> const& table, rotation direction, index_t rows, index_t heads,
            index_t const* position, Real* x)
{
  for_each_index(rows * heads, 2 * table.head_dim,
                 detail::rotate_head<Real>{heads, table.head_dim / 2, position, table.cosine.data(),
                                           table.sine.data(),
                                           direction == rotation::forward ? Real(1) : Real(-1), x});
}

}  // namespace llava
