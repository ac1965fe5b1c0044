// SPDX-License-Identifier: MIT
#pragma once
/// \file  A block of samples as dense columns: the columns of a batch where they are dense, copies
/// of them where they are not. Host code only.

#include <prefopt/config.hpp>
#include <prefopt/core/columns.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// Samples of a block: a multiple of every register width, and so few that copies of all columns
/// stay in the first cache.
inline constexpr index_t host_block = 256;

/// Columns that a record of views can hold, at most.
template <class Columns, class Real>
inline constexpr index_t most_columns =
    static_cast<index_t>(sizeof(Columns) / sizeof(vector_view<Real>)) + 1;

/// The samples [first, first + count) of a batch.
struct sample_block {
  index_t first;
  index_t count;

  bool is_whole() const { return count == host_block; }
};

/// Turns columns into dense ones of a whole block. Behind the last sample stands a copy of it: any
/// numbers that the loss may be computed at.
template <class Real>
struct gather_block {
  sample_block block;
  Real* buffer;  ///< `host_block` numbers for every column

  void operator()(column_name, vector_view<Real const>& column)
  {
    if (column.stride == 1 && block.is_whole()) {
      column = column.part(block.first, block.count);
    } else if (column.given()) {
      column = {copy_of(column), host_block};
    }
  }
  void optional(column_name name, vector_view<Real const>& column)
  {
    if (column.data != nullptr) { (*this)(name, column); }
  }
  Real* copy_of(vector_view<Real const> const& column)
  {
    Real* const copy = buffer;
    buffer += host_block;
    for (index_t i = 0; i < host_block; ++i) {
      copy[i] = column[block.first + (i < block.count ? i : block.count - 1)];
    }
    return copy;
  }
};

/// Turns columns that are written into dense ones of a whole block, in place or in a buffer.
template <class Real>
struct place_block {
  gather_block<Real> gather;
  bool accumulate;  ///< results are added to what is there

  void operator()(column_name, vector_view<Real>& column)
  {
    if (column.data == nullptr) { return; }
    sample_block const& block = gather.block;
    if (column.stride == 1 && block.is_whole()) {
      column = column.part(block.first, block.count);
    } else if (accumulate) {
      column = {gather.copy_of(column), host_block};
    } else {
      column = {gather.buffer, host_block};
      gather.buffer += host_block;
    }
  }
};

/// Writes back what `place_block` put into buffers.
template <class Real>
struct write_block {
  sample_block block;

  void operator()(column_name, vector_view<Real> const& to, vector_view<Real> const& placed) const
  {
    if (to.data == nullptr || placed.data == to.data + block.first * to.stride) { return; }
    vector_view<Real> const part = to.part(block.first, block.count);
    for (index_t i = 0; i < block.count; ++i) { part[i] = placed[i]; }
  }
};

}  // namespace prefopt::detail
PREFOPT_INLINED_END
