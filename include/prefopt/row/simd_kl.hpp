// SPDX-License-Identifier: MIT
#pragma once
/// \file  Divergence of two contiguous rows and its gradient, a vector register at a time.

#include <type_traits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/kl.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// Two rows whose packs can hold the same tokens in the same lanes.
template <class Policy, class Reference>
inline constexpr bool are_paired =
    is_packable<std::remove_const_t<Policy>> && is_packable<std::remove_const_t<Reference>> &&
    sizeof(Policy) >= sizeof(Reference);

template <class Reals, class Map, class Policy, class Reference>
row_kl_result<float> contiguous_kl(row_pair_map<float, Map> const pair, Policy const* policy,
                                   Reference const* reference, index_t size)
{
  constexpr index_t step = pack_pair<Reals>::size;
  constexpr index_t tile = 1024;
  index_t const whole = size / step * step;
  Reals to_policy(0.0f);
  Reals to_reference(0.0f);
  auto const add = [&](Reals const& x, Reals const& z) {
    auto const p = pair(x, z);
    to_policy = to_policy + p.reference_to_policy();
    to_reference = to_reference + p.policy_to_reference();
  };
  auto const add_pair = [&](Policy const* x_at, Reference const* z_at) {
    pack_pair<Reals> const x = load_pair<Reals>(x_at);
    pack_pair<Reals> const z = load_pair_beside<Reals, Policy>(z_at);
    add(x.first, z.first);
    add(x.second, z.second);
  };
  double to_policy_total = 0;
  double to_reference_total = 0;
  auto const close_tile = [&] {
    to_policy_total += sum_lanes(to_policy);
    to_reference_total += sum_lanes(to_reference);
    to_policy = to_reference = Reals(0.0f);
  };
  for (index_t first = 0; first < whole; first += tile) {
    index_t const last = min(first + tile, whole);
    for (index_t j = first; j < last; j += step) { add_pair(policy + j, reference + j); }
    close_tile();
  }
  if (whole < size) {
    padded_tail<Reals, Policy> const x(policy + whole, size - whole);
    padded_tail<Reals, Reference> const z(reference + whole, size - whole);
    add_pair(x.at, z.at);
    close_tile();
  }
  return {static_cast<float>(to_policy_total), static_cast<float>(to_reference_total)};
}

/// `sum` may be null, or `out`.
template <class Reals, class Map, class Policy, class Reference, class Out>
void contiguous_kl_gradient(kl_slope<float, Map> const slope, Policy const* policy,
                            Reference const* reference, Out const* sum, Out* out, index_t size)
{
  using pair_of_packs = pack_pair<Reals>;
  constexpr index_t step = pair_of_packs::size;
  index_t const whole = size / step * step;
  auto const gradient = [slope](Policy const* x_at, Reference const* z_at, Out const* sum_at) {
    pair_of_packs const x = load_pair<Reals>(x_at);
    pair_of_packs const z = load_pair_beside<Reals, Policy>(z_at);
    pair_of_packs d{slope(x.first, z.first), slope(x.second, z.second)};
    if (sum_at != nullptr) {
      pair_of_packs const before = load_pair<Reals>(sum_at);
      d = {before.first + d.first, before.second + d.second};
    }
    return d;
  };
  for (index_t j = 0; j < whole; j += step) {
    store_pair<Reals>(out + j,
                      gradient(policy + j, reference + j, sum != nullptr ? sum + j : nullptr));
  }
  if (whole < size) {
    index_t const rest = size - whole;
    padded_tail<Reals, Policy> const x(policy + whole, rest);
    padded_tail<Reals, Reference> const z(reference + whole, rest);
    padded_tail<Reals, Out> result(out + whole, sum != nullptr ? rest : 0);
    store_pair<Reals>(result.at, gradient(x.at, z.at, sum != nullptr ? result.at : nullptr));
    for (index_t k = 0; k < rest; ++k) { out[whole + k] = result.at[k]; }
  }
}

}  // namespace prefopt::detail
PREFOPT_INLINED_END
