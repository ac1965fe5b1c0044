// SPDX-License-Identifier: MIT
#pragma once
/// \file  Softmax statistics of one lane's share of a row: one power of two for each logit.

#include <cmath>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/cuda/lane_loop.cuh>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/logit_stats.hpp>

namespace prefopt::gpu::detail {

/// Bytes that a thread asks for before it waits for the first of them, so that the threads of a
/// multiprocessor together have the product of bandwidth and latency, 20 to 40 KB, under way.
inline constexpr int read_ahead = 64;

/// 2^x; in fp32 the device's own, with results below the smallest normal number flushed to 0.
__device__ inline float power_of_two(float x)
{
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ inline double power_of_two(double x)
{
  return exp2(x);
}

/// The larger of two numbers; NaN where one is NaN, which fmax would drop.
__device__ inline float larger(float a, float b)
{
  float y;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b));
  return y;
}
__device__ inline double larger(double a, double b)
{
  return a > b || a != a ? a : b;
}

/// `logit_stats` with powers of two for those of e, pushed in groups. A group moves the maximum
/// once. What loses against the maximum, the old maximum included, is what its sum is made of: the
/// maximum's own 1 never comes in, which would cost a small rest its digits.
template <class Real>
struct lane_stats {
  /// Where 2^x is 0, and times x as well.
  static constexpr Real lowest = std::is_same_v<Real, float> ? Real(-160) : Real(-1100);

  Real scale;  ///< of the logits, times log2(e)
  Real max = -infinity_v<Real>;
  Real rest = Real(0);
  Real sum_shift = Real(0);  ///< sum of 2^d d

  __device__ explicit lane_stats(Real scale_of_x) : scale(scale_of_x * Real(1.44269504088896340736))
  {
  }

  template <int Count>
  __device__ void push(Real const (&x)[Count])
  {
    Real lower[Count];
    Real const before = max;
#pragma unroll
    for (int k = 0; k < Count; ++k) {
      lower[k] = fmin(max, x[k]);
      max = larger(max, x[k]);
    }
    Real sum(0);
    Real shifts(0);
#pragma unroll
    for (int k = 0; k < Count; ++k) {
      Real const d = distance(lower[k]);
      Real const power = power_of_two(d);
      sum += power;
      shifts += power * d;
    }
    Real const move = distance(before);
    Real const weight = power_of_two(move);
    sum_shift = weight * (sum_shift + move * rest) + shifts;
    rest = weight * rest + sum;
  }

  __device__ logit_stats<Real> result(Real scale_of_x) const
  {
    if (max == -infinity_v<Real>) { return {}; }
    Real const zero = max - max;  // NaN for NaN and +inf
    return {max, rest + zero, sum_shift * Real(0.69314718055994530942) + zero, scale_of_x};
  }

 private:
  /// From the maximum, in powers of two. Masked logits, and NaN, which the maximum has, are at the
  /// lowest.
  __device__ Real distance(Real x) const { return fmax(scale * (x - max), lowest); }
};

/// A lane's share in sum and maximum, for one of the maps of a `logit_transform`. Accesses past the
/// row's end are masked logits, so that the last round asks for its accesses at once, as all others
/// do.
template <int Ahead, class Real, class In, class Map, class Stage>
__device__ logit_stats<Real> fold_logits(In const& in, Map const& map, int lane, int lanes,
                                         Stage& stage)
{
  using element = std::remove_const_t<typename In::element_type>;
  using prefopt::detail::from_real;
  using prefopt::detail::to_real;
  constexpr int width = access_size<element>;
  constexpr int group = width > 8 ? width : 8;
  constexpr int ahead = Ahead / access_bytes > group / width ? Ahead / access_bytes : group / width;
  static_assert(ahead * width % group == 0);
  row_pieces const pieces = row_pieces::of(in);
  stage.begin(in, pieces.head, pieces.count);
  lane_stats<Real> stats(map.scale);
  element edge = from_real<element>(-infinity_v<float>);
  if (lane < pieces.edges) { edge = in[pieces.edge(lane)]; }  // used when it has come
  for (index_t c = lane; c < pieces.count; c += index_t(ahead) * lanes) {
    element x[ahead * width];
#pragma unroll
    for (int k = 0; k < ahead * width; ++k) { x[k] = from_real<element>(-infinity_v<float>); }
#pragma unroll
    for (int a = 0; a < ahead; ++a) {
      index_t const at = c + index_t(a) * lanes;
      if (at < pieces.count) {
        uint4 const bits = load_access(in, pieces.first(at));
        std::memcpy(x + a * width, &bits, sizeof bits);
        stage.keep(at, bits);
      }
    }
#pragma unroll
    for (int g = 0; g < ahead * width; g += group) {
      Real mapped[group];
#pragma unroll
      for (int k = 0; k < group; ++k) { mapped[k] = map(to_real<Real>(x[g + k])); }
      stats.push(mapped);
    }
  }
  for (index_t e = lane; e < pieces.edges; e += lanes) {
    if (e != lane) { edge = in[pieces.edge(e)]; }
    Real const mapped[1] = {map(to_real<Real>(edge))};
    stats.push(mapped);
  }
  return stats.result(map.scale);
}

/// What `fold_lane` does with single logits.
template <class In, class Real, class Stage>
__device__ logit_stats<Real> fold_lane(In const& in, logit_stats<Real> state,
                                       prefopt::detail::push_logit<Real> const& push, int lane,
                                       int lanes, Stage& stage)
{
  auto const& map = push.map;
  state.merge(map.has_cap ? fold_logits<access_bytes, Real>(in, map.capped, lane, lanes, stage)
                          : fold_logits<read_ahead, Real>(in, map.scaled, lane, lanes, stage));
  return state;
}

}  // namespace prefopt::gpu::detail
