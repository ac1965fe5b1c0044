// SPDX-License-Identifier: MIT
#pragma once
/// \file  Moving rows: embedding lookup with image features in between, gathering, scattering.

#include "llava/model/device.hpp"

namespace llava {

namespace detail {

template <class Real>
struct embed_row {
  index_t width;
  index_t const* id;
  index_t const* feature_row;
  Real const* table;
  Real const* feature;
  Real* out;

  PREFOPT_HD void operator()(index_t r) const
  {
    index_t const from = feature_row[r];
    Real const* const source = from < 0 ? table + id[r] * width : feature + from * width;
    Real* const row = out + r * width;
    for (index_t i = 0; i < width; ++i) row[i] = source[i];
  }
};

template <class Real>
struct gather_row {
  index_t width;
  index_t const* from;
  Real const* in;
  Real* out;

  PREFOPT_HD void operator()(index_t r) const
  {
    Real const* const source = in + from[r] * width;
    Real* const row = out + r * width;
    for (index_t i = 0; i < width; ++i) row[i] = source[i];
  }
};

template <class Real>
struct scatter_row {
  index_t width;
  index_t const* to;
  Real const* in;
  Real* out;

  PREFOPT_HD void operator()(index_t r) const
  {
    Real const* const source = in + r * width;
    Real* const row = out + to[r] * width;
    for (index_t i = 0; i < width; ++i) row[i] = source[i];
  }
};

/// Index -> a chunk of columns, which it alone writes: repeated targets add up in row order.
template <class Real>
struct scatter_add_chunk {
  static constexpr index_t columns = device_is_gpu ? 1 : 16;

  index_t rows;
  index_t width;
  index_t const* to;
  Real const* in;
  Real* out;

  PREFOPT_HD void operator()(index_t chunk) const
  {
    index_t const first = chunk * columns;
    index_t const last = first + columns < width ? first + columns : width;
    for (index_t r = 0; r < rows; ++r) {
      if (to[r] < 0) continue;
      for (index_t c = first; c < last; ++c) out[to[r] * width + c] += in[r * width + c];
    }
  }
};

}  // namespace detail

/// Row r is table[id[r]], or features[feature_row[r]] where that is not negative.
template <class Real>
void embed(index_t rows, index_t width, index_t const* id, index_t const* feature_row,
           Real const* table, Real const* features, Real* out)
{
  for_each_index(rows, width,
                 detail::embed_row<Real>{width, id, feature_row, table, features, out});
}

/// out[r] = in[from[r]]
template <class Real>
void gather_rows(index_t rows, index_t width, index_t const* from, Real const* in, Real* out)
{
  for_each_index(rows, width, detail::gather_row<Real>{width, from, in, out});
}

/// out[to[r]] = in[r]; the targets must differ.
template <class Real>
void scatter_rows(index_t rows, index_t width, index_t const* to, Real const* in, Real* out)
{
  for_each_index(rows, width, detail::scatter_row<Real>{width, to, in, out});
}

/// out[to[r]] += in[r] where to[r] is not negative; targets may repeat.
template <class Real>
void scatter_add_rows(index_t rows, index_t width, index_t const* to, Real const* in, Real* out)
{
  using chunk = detail::scatter_add_chunk<Real>;
  for_each_index((width + chunk::columns - 1) / chunk::columns, rows * chunk::columns,
                 chunk{rows, width, to, in, out});
}

}  // namespace llava
