// SPDX-License-Identifier: MIT
#pragma once
/// \file  The share of one lane in a row, 16 bytes at a time where the row allows it.

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/cuda/row_stage.cuh>
#include <prefopt/row/log_prob.hpp>

namespace prefopt::gpu::detail {

/// Elements of a piece that is whole accesses in rows of all of these types.
template <class... T>
inline constexpr int common_width = [](auto... sizes) {
  int width = 1;
  ((width = sizes > width ? sizes : width), ...);
  return width;
}(access_size<T>...);

/// A row is a head up to the first aligned address, whole pieces of `width` elements, and a tail.
/// The elements of head and tail, the edges, go one by one; a strided row is all edges.
struct row_pieces {
  index_t head;
  index_t count;
  index_t edges;
  int width;

  template <class In>
  __device__ static row_pieces of(In const& in)
  {
    constexpr int width = access_size<typename In::element_type>;
    if (in.stride != 1) { return none(in.size(), width); }
    return from_head(in.size(), head_of(in.data), width);
  }

  /// A row that is all edges. The width stays a constant for the compiler.
  __device__ static row_pieces none(index_t size, int width) { return {size, 0, size, width}; }

  /// Pieces that are whole accesses in all of these rows, which are all edges where there are none.
  template <class In, class... Rows>
  __device__ static row_pieces together(In const& in, Rows const&... rows)
  {
    constexpr int width = common_width<typename In::element_type, typename Rows::element_type...>;
    index_t head = 0;
    auto const find_head = [&head](auto const& row, int size) {
      if (size == width) { head = head_of(row.data); }
    };
    find_head(in, access_size<typename In::element_type>);
    (find_head(rows, access_size<typename Rows::element_type>), ...);
    auto const fits = [&head](auto const& row) {
      return row.stride == 1 && is_aligned(row.data + head);
    };
    if (!(fits(in) && (fits(rows) && ...))) { return none(in.size(), width); }
    return from_head(in.size(), head, width);
  }

  /// Index in the row of edge e.
  __device__ index_t edge(index_t e) const { return e < head ? e : e + count * width; }
  /// Index in the row of the first element of piece c.
  __device__ index_t first(index_t c) const { return head + c * width; }

 private:
  template <class T>
  __device__ static index_t misalignment(T const* address)
  {
    return static_cast<index_t>(reinterpret_cast<std::uintptr_t>(address) % access_bytes);
  }
  template <class T>
  __device__ static bool is_aligned(T const* address)
  {
    return misalignment(address) == 0;
  }
  template <class T>
  __device__ static index_t head_of(T const* address)
  {
    index_t const past = misalignment(address) / index_t(sizeof(T));
    return past == 0 ? 0 : access_size<T> - past;
  }
  __device__ static row_pieces from_head(index_t size, index_t head, int width)
  {
    if (head >= size) { return none(size, width); }
    index_t const count = (size - head) / width;
    return {head, count, size - count * width, width};
  }
};

/// Elements that lie beside each other, in registers.
template <class T, int Width>
struct piece {
  static constexpr int accesses = Width * static_cast<int>(sizeof(T)) / access_bytes;
  static_assert(accesses * access_bytes == Width * static_cast<int>(sizeof(T)));
  T item[Width];

  template <class In, class Stage>
  __device__ static piece load(In const& in, index_t j, Stage const& stage)
  {
    uint4 bits[accesses];
#pragma unroll
    for (int a = 0; a < accesses; ++a) { bits[a] = stage.load(in, j + a * access_size<T>); }
    piece p;
    std::memcpy(&p, bits, sizeof bits);
    return p;
  }
  template <class Out>
  __device__ void store(Out const& out, index_t j) const
  {
    uint4 bits[accesses];
    std::memcpy(bits, this, sizeof bits);
#pragma unroll
    for (int a = 0; a < accesses; ++a) { store_access(out, j + a * access_size<T>, bits[a]); }
  }
};

/// `push(state, in[j], j)` for every j of this lane.
template <class In, class State, class Push, class Stage>
__device__ State fold_lane(In const& in, State state, Push const& push, int lane, int lanes,
                           Stage const& stage)
{
  using element = std::remove_const_t<typename In::element_type>;
  constexpr int width = access_size<element>;
  row_pieces const pieces = row_pieces::of(in);
  for (index_t e = lane; e < pieces.edges; e += lanes) {
    index_t const j = pieces.edge(e);
    push(state, in[j], j);
  }
  for (index_t c = lane; c < pieces.count; c += lanes) {
    index_t const j = pieces.first(c);
    auto const values = piece<element, width>::load(in, j, stage);
#pragma unroll
    for (int k = 0; k < width; ++k) { push(state, values.item[k], j + k); }
  }
  return state;
}

/// What one lane does with the elements of its pieces: `map(x, j)` for each.
template <class Map, class T>
struct piece_map {
  Map const& map;

  template <class U, int Width>
  __device__ void operator()(T const (&x)[Width], index_t j, U (&y)[Width])
  {
#pragma unroll
    for (int k = 0; k < Width; ++k) { y[k] = map(x[k], j + k); }
  }
  template <class Out>
  __device__ void finish(Out const&) const
  {
  }
};

/// The gradient's map asks of each element whether it is the target. Here a piece asks once, and
/// the target is written again after all pieces, by the lane that has read it.
template <class Real, class Stored, class LogitMap, class T>
struct piece_map<prefopt::detail::logit_gradient<Real, Stored, LogitMap>, T> {
  prefopt::detail::logit_gradient<Real, Stored, LogitMap> const& map;
  T at_target{};
  bool has_target = false;

  template <int Width>
  __device__ void operator()(T const (&x)[Width], index_t j, Stored (&y)[Width])
  {
    using prefopt::detail::from_real;
    using prefopt::detail::to_real;
#pragma unroll
    for (int k = 0; k < Width; ++k) {
      y[k] = from_real<Stored>(map.elsewhere(to_real<Real>(x[k])));
    }
    if (map.target >= j && map.target < j + Width) {
      has_target = true;
#pragma unroll
      for (int k = 0; k < Width; ++k) {
        if (j + k == map.target) { at_target = x[k]; }
      }
    }
  }
  template <class Out>
  __device__ void finish(Out const& out) const
  {
    using prefopt::detail::from_real;
    using prefopt::detail::to_real;
    if (has_target) {
      out[map.target] = from_real<Stored>(map.at_target(to_real<Real>(at_target)));
    }
  }
};

/// `out[j] = map(in[j], j)` for every j of this lane; `out` may be `in`.
template <class In, class Out, class Map, class Stage>
__device__ void map_pieces(In const& in, Out const& out, Map const& map, int lane, int lanes,
                           Stage const& stage)
{
  using element = std::remove_const_t<typename In::element_type>;
  using result = typename Out::element_type;
  constexpr int width = common_width<element, result>;
  row_pieces const pieces = row_pieces::together(in, out);
  element edge{};
  if (lane < pieces.edges) { edge = in[pieces.edge(lane)]; }  // used when it has come
  piece_map<Map, element> on_piece{map};
  for (index_t c = lane; c < pieces.count; c += lanes) {
    index_t const j = pieces.first(c);
    auto const x = piece<element, width>::load(in, j, stage);
    piece<result, width> y;
    on_piece(x.item, j, y.item);
    y.store(out, j);
  }
  on_piece.finish(out);
  for (index_t e = lane; e < pieces.edges; e += lanes) {
    index_t const j = pieces.edge(e);
    if (e != lane) { edge = in[j]; }
    out[j] = map(edge, j);
  }
}

template <class In, class Out, class Map, class Stage>
__device__ void map_lane(In const& in, Out const& out, Map const& map, int lane, int lanes,
                         Stage const& stage)
{
  map_pieces(in, out, map, lane, lanes, stage);
}

/// A loop for each kind of transform, instead of a question for each logit.
template <class In, class Out, class Real, class Stored, class Stage>
__device__ void map_lane(In const& in, Out const& out,
                         prefopt::detail::logit_gradient<Real, Stored> const& gradient, int lane,
                         int lanes, Stage const& stage)
{
  using prefopt::detail::logit_gradient;
  auto const& [map, target, row, seeds, known] = gradient;
  if (map.has_cap) {
    using capped = logit_gradient<Real, Stored, prefopt::detail::capped_logit<Real>>;
    map_pieces(in, out, capped{map.capped, target, row, seeds, known}, lane, lanes, stage);
  } else {
    using scaled = logit_gradient<Real, Stored, prefopt::detail::scaled_logit<Real>>;
    map_pieces(in, out, scaled{map.scaled, target, row, seeds, known}, lane, lanes, stage);
  }
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
