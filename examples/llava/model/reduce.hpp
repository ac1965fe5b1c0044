// SPDX-License-Identifier: MIT
#pragma once
/// \file  Sums with a fixed order: along a row in one call, along columns, and over a whole tensor.

#include <cmath>

#include "llava/model/device.hpp"

namespace llava {

/// term(0) + ... + term(count - 1) in eight interleaved lanes, which a compiler can keep in a
/// vector register; the order never depends on the number of threads.
template <class Real, class Term>
PREFOPT_HD Real lane_sum(index_t count, Term term)
{
  constexpr int lanes = 8;
  Real lane[lanes] = {};
  index_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (int l = 0; l < lanes; ++l) lane[l] += term(i + l);
  }
  for (int l = 0; i < count; ++i, ++l) lane[l] += term(i);
  return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

namespace detail {

template <class Real, class Term>
struct column_sum_chunk {
  static constexpr index_t width = device_is_gpu ? 1 : 16;

  index_t rows;
  index_t columns;
  Term term;
  Real* out;

  PREFOPT_HD void operator()(index_t chunk) const
  {
    index_t const first = chunk * width;
    index_t const count = columns - first < width ? columns - first : width;
    Real sum[width] = {};
    for (index_t r = 0; r < rows; ++r) {
      for (index_t c = 0; c < count; ++c) sum[c] += term(r, first + c);
    }
    for (index_t c = 0; c < count; ++c) out[first + c] += sum[c];
  }
};

template <class Real>
struct matrix_element {
  Real const* data;
  index_t pitch;
  PREFOPT_HD Real operator()(index_t r, index_t c) const { return data[r * pitch + c]; }
};

template <class Real>
struct squared_element {
  Real const* data;
  PREFOPT_HD double operator()(index_t i) const
  {
    double const value = static_cast<double>(data[i]);
    return value * value;
  }
};

inline constexpr index_t norm_block = 4096;

template <class Real>
struct squared_norm_block {
  Real const* data;
  index_t size;
  double* partial;

  PREFOPT_HD void operator()(index_t block) const
  {
    index_t const first = block * norm_block;
    index_t const count = size - first < norm_block ? size - first : norm_block;
    partial[block] = lane_sum<double>(count, squared_element<Real>{data + first});
  }
};

}  // namespace detail

/// out[c] += sum over r of term(r, c). No atomics: one call owns a column.
template <class Real, class Term>
void add_column_sums(index_t rows, index_t columns, Term term, Real* out)
{
  using chunk = detail::column_sum_chunk<Real, Term>;
  for_each_index((columns + chunk::width - 1) / chunk::width, rows * chunk::width,
                 chunk{rows, columns, term, out});
}

/// Sum of squares in double, by blocks of a fixed size. NaN and infinity propagate.
template <class Real>
double squared_norm(Real const* data, index_t size, buffer<double>& workspace)
{
  index_t const blocks = (size + detail::norm_block - 1) / detail::norm_block;
  workspace.resize(blocks);
  for_each_index(blocks, detail::norm_block,
                 detail::squared_norm_block<Real>{data, size, workspace.data()});
  double sum = 0;
  for (double partial : download(workspace)) sum += partial;
  return sum;
}

}  // namespace llava
