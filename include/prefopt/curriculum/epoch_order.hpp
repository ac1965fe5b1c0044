// SPDX-License-Identifier: MIT
#pragma once
/// \file  The order of one epoch as a plain value: which rank is drawn at a position, on the host
/// or in a kernel.

#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/curriculum/interleave.hpp>

namespace prefopt {

namespace detail {

/// An epoch's parts, wherever they are held.
///
/// The parts of a phase lie one after the other and are halved again and again; at every halving
/// the draws of the lower half lie evenly among those of the upper one.
struct epoch_view {
  std::uint64_t seed = 0;
  index_t parts = 0;
  index_t const* begin = nullptr;  ///< draws before each part, and after the last
  index_t const* first = nullptr;  ///< first rank of each part
  index_t const* size = nullptr;   ///< ranks of each part
  permutation const* first_run = nullptr;

  /// The order of one run of part k.
  PREFOPT_HD constexpr permutation run_order(index_t k, index_t run) const
  {
    if (k == 0 && run == 0) { return *first_run; }
    return {size[k], derived_seed(seed, k, run)};
  }

  /// How the draws of the lower half of the parts [a, b) lie among those of all of these.
  PREFOPT_HD constexpr interleave halves(index_t a, index_t b) const
  {
    index_t const draws = begin[b] - begin[a];
    std::uint64_t const random =
        mix64(mix64(seed ^ static_cast<std::uint64_t>(a)) + static_cast<std::uint64_t>(b));
    index_t const offset =
        draws > 0 ? static_cast<index_t>(random % static_cast<std::uint64_t>(draws)) : 0;
    return {begin[(a + b) / 2] - begin[a], draws, offset};
  }

  /// The rank drawn at a position, 0 <= position < draws.
  PREFOPT_HD constexpr index_t rank_at(index_t position) const
  {
    index_t a = 0, b = parts;
    while (b - a > 1) {
      interleave const mix = halves(a, b);
      auto const place = mix.at(position);
      bool const lower = mix.is_first(place);
      position = lower ? place.of_first : position - place.of_first;
      (lower ? b : a) = (a + b) / 2;
    }
    index_t const run = position / size[a];
    return first[a] + run_order(a, run)(position - run * size[a]);
  }
};

}  // namespace detail

/// Draws of one epoch of at most `max_parts` parts: position -> rank, a pure function in
/// O(log parts) without memory access.
///
/// A part is a row of runs, and every run holds every rank of the part once, in a random order of
/// its own. The parts are interleaved: a stretch of the epoch, hence a batch, holds of each what it
/// has of the epoch's draws, off by less than 1 + log2(parts).
struct epoch_order {
  static constexpr index_t max_parts = 64;

  std::uint64_t seed = 0;
  index_t draws = 0;                  ///< of the epoch
  index_t parts = 0;                  ///< of the phase
  index_t begin[max_parts + 1] = {};  ///< draws before each part, and after the last
  index_t first[max_parts] = {};      ///< first rank of each part
  index_t size[max_parts] = {};       ///< ranks of each part
  permutation first_run{0, 0};        ///< of the first part

  PREFOPT_HD constexpr detail::epoch_view view() const
  {
    return {seed, parts, begin, first, size, &first_run};
  }

  /// The rank drawn at a position, 0 <= position < draws.
  PREFOPT_HD constexpr index_t rank_at(index_t position) const { return view().rank_at(position); }
};

/// The sample drawn at a position of an epoch: `order` is the ranking, in the memory of whoever
/// calls. A kernel takes the epoch by value and draws its own batch.
template <class Space>
PREFOPT_HD constexpr index_t draw(epoch_order const& epoch,
                                  vector_view<index_t const, Space> const& order, index_t position)
{
  return order[epoch.rank_at(position)];
}

}  // namespace prefopt
