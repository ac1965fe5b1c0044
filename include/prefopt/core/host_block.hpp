// SPDX-License-Identifier: MIT
#pragma once
/// \file  A block of samples as dense columns: the columns of a batch where they are dense, copies
/// of them where they are not. Host code only.

#include <cstdint>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/columns.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// Samples of a block: a multiple of every register width, and so few that copies of all columns
/// stay in the first cache.
inline constexpr index_t host_block = 256;

inline constexpr std::uintptr_t cache_line = 64;

/// Columns that a record of views can hold, at most.
template <class Columns, class Real>
inline constexpr index_t most_columns =
    static_cast<index_t>(sizeof(Columns) / sizeof(vector_view<Real>)) + 1;

/// The samples [first, first + count) of a batch.
struct sample_block {
  index_t first;
  index_t count;

  bool is_whole() const { return count % host_block == 0; }
};

/// How many samples a thread evaluates at once: a block where columns are copied, more where they
/// are read and written in place, and more still where the wait for streaming stores is to be short
/// beside them. `head` samples come first, after which results begin on a line of the cache.
struct sample_run {
  index_t samples = host_block;
  index_t head = 0;
  bool streams = false;

  index_t parts(index_t extent) const
  {
    return (head > 0 ? 1 : 0) + (extent - head + samples - 1) / samples;
  }
  sample_block part(index_t k, index_t extent) const
  {
    index_t const begin = k * samples - (head > 0 ? samples - head : 0);
    index_t const first = max(begin, index_t(0));
    return {first, min(begin + samples, extent) - first};
  }
};

/// Looks at the columns of a batch: whether all are dense, how many bytes are written, and where
/// the results begin.
template <class Real>
struct examine_columns {
  bool dense = true;
  index_t written = 0;
  std::uintptr_t offset = 0;  ///< from a line of the cache
  bool together = true;       ///< whether all results are as far from one

  void operator()(column_name, vector_view<Real const> const& column)
  {
    dense = dense && (column.data == nullptr || column.stride == 1);
  }
  void optional(column_name name, vector_view<Real const> const& column) { (*this)(name, column); }
  void operator()(column_name name, vector_view<Real> const& column)
  {
    (*this)(name, vector_view<Real const>(column));
    if (column.data == nullptr) { return; }
    std::uintptr_t const own = reinterpret_cast<std::uintptr_t>(column.data) % cache_line;
    together = together && (written == 0 || own == offset);
    offset = own;
    written += column.extent * static_cast<index_t>(sizeof(Real));
  }
};

/// How a batch is best split among the calls of a thread.
template <class In, class Out, class Batch>
sample_run run_of(Batch const& batch, index_t extent)
{
  using real = decltype(batch.scale);
  examine_columns<std::remove_cv_t<real>> look;
  In::visit_policy(look, batch.in);
  In::visit_constant(look, batch.in);
  look.optional(column_name{"weight"}, batch.weight);
  look(column_name{"value"}, batch.out.value);
  Out::visit_policy(look, batch.out.gradient);
  if (!look.dense) { return {}; }
  bool const streams =
      has_streaming_stores && look.together && !batch.accumulate && look.written > largest_cache;
  if (!streams) {
    // Few samples are left in single blocks, so that every thread has some.
    return {.samples = extent < 64 * host_block ? host_block : 4 * host_block};
  }
  auto const head = static_cast<index_t>((cache_line - look.offset) % cache_line / sizeof(real));
  return {.samples = 64 * host_block, .head = min(head, extent), .streams = true};
}

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
