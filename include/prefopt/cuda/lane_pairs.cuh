// SPDX-License-Identifier: MIT
#pragma once
/// \file  The share of one lane in a pair of rows: their divergences, and the policy's gradient.

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/cuda/lane_loop.cuh>
#include <prefopt/cuda/lane_stats.cuh>
#include <prefopt/cuda/row_stage.cuh>
#include <prefopt/row/kl.hpp>

namespace prefopt::gpu::detail {

/// The statistics of one of the rows.
template <class In, class Real, class Stage>
__device__ kl_stats<Real> fold_lane(In const& in, kl_stats<Real> state,
                                    prefopt::detail::push_row_logit<Real> const& push, int lane,
                                    int lanes, Stage& stage)
{
  state.logits =
      fold_lane(in, state.logits, prefopt::detail::push_logit<Real>{push.map}, lane, lanes, stage);
  return state;
}

/// One element in the place of the row that it is of, so that the host's formulas run on what a
/// lane holds.
template <class T>
struct element_row {
  T const* data;  ///< the row's
  T held;

  __device__ T operator[](index_t) const { return held; }
};

/// `f(pair)` with one of the maps of a `logit_transform`: a loop for each, instead of a question
/// for each logit.
template <class Real, class Visit>
__device__ auto with_map(prefopt::detail::row_pair_map<Real> const& pair, Visit const& f)
{
  auto const& [map, policy_max, reference_max, policy_rest, reference_rest] = pair;
  using capped = prefopt::detail::row_pair_map<Real, prefopt::detail::capped_logit<Real>>;
  using scaled = prefopt::detail::row_pair_map<Real, prefopt::detail::scaled_logit<Real>>;
  return map.has_cap
             ? f(capped{map.capped, policy_max, reference_max, policy_rest, reference_rest})
             : f(scaled{map.scaled, policy_max, reference_max, policy_rest, reference_rest});
}

/// Under a soft cap a pair of rows goes element by element: its tangents, unrolled, would be most
/// of the kernel.
template <class Map>
inline constexpr bool goes_by_piece = true;
template <class Real>
inline constexpr bool goes_by_piece<prefopt::detail::capped_logit<Real>> = false;

/// The lane's share of both divergences, for one of the maps of a `logit_transform`.
template <class Policy, class Reference, class Real, class Map, class Stage>
__device__ kl_stats<Real> fold_pairs(Policy const& policy, Reference const& reference,
                                     prefopt::detail::row_pair_map<Real, Map> const& pair,
                                     kl_stats<Real> state, int lane, int lanes, Stage const& stage)
{
  using policy_type = std::remove_const_t<typename Policy::element_type>;
  using reference_type = std::remove_const_t<typename Reference::element_type>;
  constexpr int width = common_width<policy_type, reference_type>;
  auto const add = [&](policy_type const& x, reference_type const& z) {
    using push = prefopt::detail::push_kl<Real, element_row<reference_type>, Map>;
    push{pair, {reference.data, z}}(state, x, 0);
  };
  row_pieces const pieces = goes_by_piece<Map> ? row_pieces::together(policy, reference)
                                               : row_pieces::none(policy.size(), width);
#pragma unroll 1
  for (index_t e = lane; e < pieces.edges; e += lanes) {
    index_t const j = pieces.edge(e);
    add(stage.element(policy, j), stage.element(reference, j));
  }
  if constexpr (goes_by_piece<Map>) {
    for (index_t c = lane; c < pieces.count; c += lanes) {
      index_t const j = pieces.first(c);
      auto const x = piece<policy_type, width>::load(policy, j, stage);
      auto const z = piece<reference_type, width>::load(reference, j, stage);
#pragma unroll
      for (int k = 0; k < width; ++k) { add(x.item[k], z.item[k]); }
    }
  }
  return state;
}

/// What the general `fold_lane` would do with single logits of the reference.
template <class Policy, class Real, class Reference, class Stage>
__device__ kl_stats<Real> fold_lane(Policy const& policy, kl_stats<Real> state,
                                    prefopt::detail::push_kl<Real, Reference> const& push, int lane,
                                    int lanes, Stage& stage)
{
  return with_map(push.pair, [&](auto const& pair) {
    return fold_pairs(policy, push.reference, pair, state, lane, lanes, stage);
  });
}

/// Writes the policy's gradient, or adds it, for one of the maps of a `logit_transform`.
template <class Policy, class Reference, class Out, class Real, class Map, class Stage>
__device__ void map_pairs(Policy const& policy, Reference const& reference, Out const& out,
                          prefopt::detail::kl_slope<Real, Map> const& slope, Out const& sum,
                          int lane, int lanes, Stage const& stage)
{
  using policy_type = std::remove_const_t<typename Policy::element_type>;
  using reference_type = std::remove_const_t<typename Reference::element_type>;
  using stored = typename Out::element_type;
  constexpr int width = common_width<policy_type, reference_type, stored>;
  auto const gradient = [&](policy_type const& x, reference_type const& z, stored const& before) {
    using one = prefopt::detail::kl_gradient<Real, stored, element_row<reference_type>,
                                             element_row<stored>, Map>;
    return one{slope, {reference.data, z}, {sum.data, before}}(x, 0);
  };
  row_pieces const pieces = goes_by_piece<Map> ? row_pieces::together(policy, reference, out)
                                               : row_pieces::none(policy.size(), width);
  if constexpr (goes_by_piece<Map>) {
    for (index_t c = lane; c < pieces.count; c += lanes) {
      index_t const j = pieces.first(c);
      auto const x = piece<policy_type, width>::load(policy, j, stage);
      auto const z = piece<reference_type, width>::load(reference, j, stage);
      piece<stored, width> y{};
      if (sum.data != nullptr) { y = piece<stored, width>::load(sum, j, no_stage{}); }
#pragma unroll
      for (int k = 0; k < width; ++k) { y.item[k] = gradient(x.item[k], z.item[k], y.item[k]); }
      y.store(out, j);
    }
  }
#pragma unroll 1
  for (index_t e = lane; e < pieces.edges; e += lanes) {
    index_t const j = pieces.edge(e);
    stored before{};
    if (sum.data != nullptr) { before = sum[j]; }
    out[j] = gradient(stage.element(policy, j), stage.element(reference, j), before);
  }
}

/// What the general `map_lane` would do with single logits of the reference.
template <class Policy, class Out, class Real, class Stored, class Reference, class Stage>
__device__ void map_lane(Policy const& policy, Out const& out,
                         prefopt::detail::kl_gradient<Real, Stored, Reference, Out> const& gradient,
                         int lane, int lanes, Stage const& stage)
{
  auto const& [slope, reference, sum] = gradient;
  with_map(slope.pair, [&](auto const& pair) {
    using map = std::remove_cvref_t<decltype(pair.map)>;
    map_pairs(policy, reference, out,
              prefopt::detail::kl_slope<Real, map>{pair, slope.seeds, slope.policy_to_reference},
              sum, lane, lanes, stage);
  });
}

}  // namespace prefopt::gpu::detail
