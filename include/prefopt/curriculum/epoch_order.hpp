// SPDX-License-Identifier: MIT
#pragma once
/// \file  The order of one epoch as a plain value: which rank is drawn at a position, on the host
/// or in a kernel.

#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/core/word_sort.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// Draws of one epoch: position -> rank, a pure function in O(parts) without memory access.
///
/// Positions 0 .. draws-1 go through one permutation if the phase has several parts; each part is a
/// row of runs, and every run holds every rank of the part once, in an order of its own. Holds at
/// most `max_parts` parts: all of an epoch's, or a window of them.
struct epoch_order {
  static constexpr index_t max_parts = 64;

  std::uint64_t seed = 0;
  index_t draws = 0;       ///< of the epoch
  index_t all_parts = 0;   ///< of the phase
  index_t first_part = 0;  ///< the parts held here are first_part .. first_part + parts - 1
  index_t parts = 0;
  index_t begin[max_parts + 1] = {};  ///< draws before each part, and after the last
  index_t first[max_parts] = {};      ///< first rank of each part
  index_t size[max_parts] = {};       ///< ranks of each part
  permutation shuffle{0, 0};          ///< of all draws if there are several parts, else of run 0

  PREFOPT_HD constexpr bool mixes() const { return all_parts > 1; }
  PREFOPT_HD constexpr bool holds_all_parts() const { return parts == all_parts; }

  /// The order of one run of part k of those held.
  PREFOPT_HD constexpr permutation run_order(index_t k, index_t run) const
  {
    if (!mixes() && run == 0) { return shuffle; }
    return {size[k], derived_seed(seed, first_part + k, run)};
  }

  /// The rank drawn at a position, 0 <= position < draws. Needs all parts.
  PREFOPT_HD constexpr index_t rank_at(index_t position) const
  {
    index_t const draw = mixes() ? shuffle(position) : position;
    index_t k = 0;
    while (draw >= begin[k + 1]) { ++k; }
    index_t const place = draw - begin[k];
    index_t const run = place / size[k];
    return first[k] + run_order(k, run)(place - run * size[k]);
  }
};

/// The sample drawn at a position of an epoch: `order` is the ranking, in the memory of whoever
/// calls. A kernel takes the epoch by value and draws its own batch.
template <class Space>
PREFOPT_HD constexpr index_t draw(epoch_order const& epoch,
                                  vector_view<index_t const, Space> const& order, index_t position)
{
  return order[epoch.rank_at(position)];
}

namespace detail {

/// Parts from `first_part` of a phase, as many as fit; `before` draws precede them.
template <curriculum_schedule Schedule>
void hold_parts(epoch_order& epoch, Schedule const& schedule, level_view levels, index_t phase,
                index_t first_part, index_t before)
{
  epoch.first_part = first_part;
  epoch.parts = min(epoch.all_parts - first_part, epoch_order::max_parts);
  epoch.begin[0] = before;
  auto const hold = [&epoch](index_t k, open_part part) {
    epoch.first[k] = part.first;
    epoch.size[k] = part.size();
    epoch.begin[k + 1] = epoch.begin[k] + part.draws;
  };
  if constexpr (gives_parts_together<Schedule>) {
    index_t k = -first_part;
    for_each_part(schedule, phase, levels, [&](open_part part) {
      if (0 <= k && k < epoch.parts) { hold(k, part); }
      ++k;
    });
  } else {
    for (index_t k = 0; k < epoch.parts; ++k) {
      hold(k, checked_part(schedule, phase, first_part + k, levels));
    }
  }
}

/// Epoch `epoch` of a phase, holding its first parts.
template <curriculum_schedule Schedule>
epoch_order order_of_epoch(Schedule const& schedule, level_view levels, std::uint64_t seed,
                           index_t phase, index_t epoch)
{
  epoch_order order;
  order.seed = derived_seed(seed, phase, epoch);
  order.draws = draws_of(schedule, phase, levels);
  order.all_parts = parts_of(schedule, phase, levels);
  hold_parts(order, schedule, levels, phase, 0, 0);
  order.shuffle = order.mixes() ? permutation(order.draws, derived_seed(order.seed, -1, 0))
                                : permutation(order.size[0], derived_seed(order.seed, 0, 0));
  return order;
}

/// How many draws are turned into ranks together.
constexpr index_t draws_at_once = 512;

/// ranks[i] = rank at position `position` + i of an epoch with one part, for `count` positions.
template <class Target = compile_target>
void ranks_of_one_part(epoch_order const& epoch, index_t position, index_t count, index_t* ranks)
{
  index_t const size = epoch.size[0];
  for (index_t done = 0; done < count;) {
    index_t const run = (position + done) / size;
    index_t const place = position + done - run * size;
    index_t const part = min(count - done, size - place);
    for (index_t i = 0; i < part; ++i) { ranks[done + i] = place + i; }
    epoch.run_order(0, run).template apply<Target>(ranks + done, part);
    for (index_t i = 0; i < part; ++i) { ranks[done + i] += epoch.first[0]; }
    done += part;
  }
}

/// Turns the `count` draws of part k of those held, whose places in `draws` are `at`, into ranks.
template <class Target>
void ranks_of_part(epoch_order const& epoch, index_t k, index_t const* draws, index_t* at,
                   index_t count, index_t* ranks)
{
  index_t const begin = epoch.begin[k], size = epoch.size[k];
  index_t sorted[draws_at_once];
  if (epoch.begin[k + 1] - begin > size) {  // run by run, for each has its own order
    std::uint32_t largest = 0;
    for (index_t i = 0; i < count; ++i) {
      // Beyond 2^31 runs they come in any order; the loop below takes it.
      auto const run = static_cast<std::uint32_t>((draws[at[i]] - begin) / size) & 0x7FFFFFFF;
      largest = max(largest, run);
      at[i] |= index_t{run} << 32;
    }
    at = sort_by_upper_half(at, sorted, count, largest);
    for (index_t i = 0; i < count; ++i) { at[i] &= 0xFFFFFFFF; }
  }
  index_t within[draws_at_once];
  for (index_t done = 0; done < count;) {
    index_t const run = (draws[at[done]] - begin) / size;
    index_t const start = begin + run * size;
    index_t part = 0;
    for (; done + part < count; ++part) {
      index_t const place = draws[at[done + part]] - start;
      if (place < 0 || place >= size) { break; }
      within[part] = place;
    }
    epoch.run_order(k, run).template apply<Target>(within, part);
    for (index_t i = 0; i < part; ++i) { ranks[at[done + i]] = epoch.first[k] + within[i]; }
    done += part;
  }
}

/// Turns the draws that fall into the parts held into ranks; returns how many do. `count` is at
/// most `draws_at_once`.
template <class Target = compile_target>
index_t ranks_of_parts(epoch_order const& epoch, index_t const* draws, index_t count,
                       index_t* ranks)
{
  // Sorted by part by counting: key 0 is before the parts held, key k + 1 is part k.
  index_t key[draws_at_once];
  for (index_t i = 0; i < count; ++i) { key[i] = 0; }
  for (index_t k = 0; k <= epoch.parts; ++k) {
    for (index_t i = 0; i < count; ++i) { key[i] += draws[i] >= epoch.begin[k] ? 1 : 0; }
  }
  index_t ends[epoch_order::max_parts + 2] = {};
  for (index_t i = 0; i < count; ++i) { ends[key[i]] += 1; }
  for (index_t k = 0; k <= epoch.parts; ++k) { ends[k + 1] += ends[k]; }
  index_t at[draws_at_once];
  for (index_t i = count - 1; i >= 0; --i) { at[--ends[key[i]]] = i; }
  // `ends` are the beginnings now.
  for (index_t k = 0; k < epoch.parts; ++k) {
    ranks_of_part<Target>(epoch, k, draws, at + ends[k + 1], ends[k + 2] - ends[k + 1], ranks);
  }
  return ends[epoch.parts + 1] - ends[1];
}

}  // namespace detail

}  // namespace prefopt
