// SPDX-License-Identifier: MIT
#pragma once
/// \file  The share of one lane in a row, 16 bytes at a time where the row allows it.

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt::gpu::detail {

/// The widest access of one thread.
inline constexpr int access_bytes = 16;

/// Elements of one such access.
template <class T>
inline constexpr int chunk_size = access_bytes / static_cast<int>(sizeof(T));

template <class T>
__device__ index_t misalignment(T const* address)
{
  return static_cast<index_t>(reinterpret_cast<std::uintptr_t>(address) % access_bytes);
}

/// A row is a head up to the first aligned address, whole chunks, and a tail. A strided row is all
/// head: its elements go one by one.
struct row_pieces {
  index_t head;
  index_t chunks;

  template <class In>
  __device__ static row_pieces of(In const& in)
  {
    constexpr index_t width = chunk_size<typename In::element_type>;
    if (in.stride != 1) { return {in.size(), 0}; }
    index_t const past = misalignment(in.data) / index_t(sizeof(typename In::element_type));
    index_t const head = past == 0 ? 0 : width - past;
    if (head >= in.size()) { return {in.size(), 0}; }
    return {head, (in.size() - head) / width};
  }
};

/// Calls `one(j)` and `many(j)` for the elements and chunks (by their first element) of this lane.
template <int Width, class One, class Many>
__device__ void for_each_piece(row_pieces pieces, index_t size, int lane, int lanes, One one,
                               Many many)
{
  for (index_t j = lane; j < pieces.head; j += lanes) { one(j); }
  for (index_t c = lane; c < pieces.chunks; c += lanes) { many(pieces.head + c * Width); }
  for (index_t j = pieces.head + pieces.chunks * Width + lane; j < size; j += lanes) { one(j); }
}

template <class T>
struct chunk {
  T item[chunk_size<T>];

  __device__ static chunk load(T const* from)
  {
    uint4 const bits = *reinterpret_cast<uint4 const*>(from);
    chunk c;
    std::memcpy(&c, &bits, sizeof bits);
    return c;
  }
  __device__ void store(T* to) const
  {
    uint4 bits;
    std::memcpy(&bits, this, sizeof bits);
    __stwb(reinterpret_cast<uint4*>(to), bits);  // an assignment is split into small stores
  }
};

/// `push(state, in[j], j)` for every j of this lane.
template <class In, class State, class Push>
__device__ State fold_lane(In const& in, State state, Push const& push, int lane, int lanes)
{
  using element = std::remove_const_t<typename In::element_type>;
  auto const one = [&](index_t j) { push(state, in[j], j); };
  auto const many = [&](index_t j) {
    auto const values = chunk<element>::load(in.data + j);
#pragma unroll
    for (int k = 0; k < chunk_size<element>; ++k) { push(state, values.item[k], j + k); }
  };
  for_each_piece<chunk_size<element>>(row_pieces::of(in), in.size(), lane, lanes, one, many);
  return state;
}

/// `out[j] = map(in[j], j)` for every j of this lane; `out` may be `in`.
template <class In, class Out, class Map>
__device__ void map_lane(In const& in, Out const& out, Map const& map, int lane, int lanes)
{
  using element = std::remove_const_t<typename In::element_type>;
  using result = typename Out::element_type;
  auto const one = [&](index_t j) { out[j] = map(in[j], j); };
  if constexpr (sizeof(element) == sizeof(result)) {
    if (out.stride == 1 && misalignment(out.data) == misalignment(in.data)) {
      auto const many = [&](index_t j) {
        auto const values = chunk<element>::load(in.data + j);
        chunk<result> results;
#pragma unroll
        for (int k = 0; k < chunk_size<element>; ++k) {
          results.item[k] = map(values.item[k], j + k);
        }
        results.store(out.data + j);
      };
      for_each_piece<chunk_size<element>>(row_pieces::of(in), in.size(), lane, lanes, one, many);
      return;
    }
  }
  for (index_t j = lane; j < in.size(); j += lanes) { one(j); }
}

/// The monoid's operation as CUB calls it.
struct merge_states {
  template <class State>
  __device__ State operator()(State a, State const& b) const
  {
    a.merge(b);
    return a;
  }
};

}  // namespace prefopt::gpu::detail
