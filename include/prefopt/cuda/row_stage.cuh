// SPDX-License-Identifier: MIT
#pragma once
/// \file  Rows are read and written 16 bytes at a time; a row that is needed twice is kept in
/// shared memory, as far as it fits.

#include <cuda_runtime.h>

#include <cstring>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt::gpu::detail {

/// The widest access of one thread.
inline constexpr int access_bytes = 16;

/// Elements of one such access.
template <class T>
inline constexpr int access_size = access_bytes / static_cast<int>(sizeof(T));

/// One access to a row, from element j on, which lies at a multiple of 16 bytes. A view of another
/// type may bring its own, found by its namespace.
template <class In>
__device__ uint4 load_access(In const& in, index_t j)
{
  return *reinterpret_cast<uint4 const*>(in.data + j);
}
template <class Out>
__device__ void store_access(Out const& out, index_t j, uint4 const& bits)
{
  __stwb(reinterpret_cast<uint4*>(out.data + j), bits);  // an assignment is split into small stores
}

/// Keeps nothing.
struct no_stage {
  template <class In>
  __device__ void begin(In const&, index_t, index_t)
  {
  }
  __device__ void keep(index_t, uint4 const&) const {}
  template <class In>
  __device__ uint4 load(In const& in, index_t j) const
  {
    return load_access(in, j);
  }
  template <class In>
  __device__ std::remove_const_t<typename In::element_type> element(In const& in, index_t j) const
  {
    return in[j];
  }
};

/// Accesses of a row, or of the two rows of a pair, that are kept.
struct stage_size {
  index_t first;
  index_t second = 0;

  PREFOPT_HD constexpr index_t total() const { return first + second; }
};

/// Accesses of the row at hand, in shared memory. What lanes have kept is there for all others
/// after a barrier.
class row_stage {
 public:
  /// Blocks of `staging_threads` that a multiprocessor should have registers for.
  static constexpr int resident_blocks = 2;

  /// For a row none of which is kept yet.
  __device__ row_stage(uint4* memory, stage_size capacity)
      : memory_(memory), capacity_(capacity.first)
  {
  }

  /// The row from now on, whose accesses start at element `first`.
  template <class In>
  __device__ void begin(In const& in, index_t first, index_t accesses)
  {
    row_ = in.data;
    first_ = first;
    held_ = accesses < capacity_ ? accesses : capacity_;
  }
  __device__ void keep(index_t access, uint4 const& bits) const
  {
    if (access < held_) { memory_[access] = bits; }
  }
  template <class In>
  __device__ uint4 load(In const& in, index_t j) const
  {
    return holds(in, j) ? memory_[access_of<In>(j)] : load_access(in, j);
  }
  template <class In>
  __device__ std::remove_const_t<typename In::element_type> element(In const& in, index_t j) const
  {
    if (!holds(in, j)) { return in[j]; }
    std::remove_const_t<typename In::element_type> x;
    std::memcpy(&x, reinterpret_cast<unsigned char const*>(memory_) + (j - first_) * sizeof x,
                sizeof x);
    return x;
  }
  /// Whether element j of this row is kept.
  template <class In>
  __device__ bool holds(In const& in, index_t j) const
  {
    return in.data == row_ && j >= first_ && access_of<In>(j) < held_;
  }

 private:
  template <class In>
  __device__ index_t access_of(index_t j) const
  {
    return (j - first_) / access_size<typename In::element_type>;
  }

  uint4* memory_;
  index_t capacity_;
  void const* row_ = nullptr;
  index_t first_ = 0;
  index_t held_ = 0;
};

/// The same for the two rows that began last.
class pair_stage {
 public:
  static constexpr int resident_blocks = 1;

  __device__ pair_stage(uint4* memory, stage_size capacity)
      : last_(memory + capacity.first, {capacity.second}), before_(memory, {capacity.first})
  {
  }

  template <class In>
  __device__ void begin(In const& in, index_t first, index_t accesses)
  {
    row_stage const replaced = before_;
    before_ = last_;
    last_ = replaced;
    last_.begin(in, first, accesses);
  }
  __device__ void keep(index_t access, uint4 const& bits) const { last_.keep(access, bits); }
  template <class In>
  __device__ uint4 load(In const& in, index_t j) const
  {
    return last_.holds(in, j) ? last_.load(in, j) : before_.load(in, j);
  }
  template <class In>
  __device__ std::remove_const_t<typename In::element_type> element(In const& in, index_t j) const
  {
    return last_.holds(in, j) ? last_.element(in, j) : before_.element(in, j);
  }

 private:
  row_stage last_;
  row_stage before_;
};

}  // namespace prefopt::gpu::detail
