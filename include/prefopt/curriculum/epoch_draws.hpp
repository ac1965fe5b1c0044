// SPDX-License-Identifier: MIT
#pragma once
/// \file  The ranks of many positions of an epoch at once, in the host's vector registers.

#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/epoch_order.hpp>
#include <prefopt/curriculum/interleave.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt::detail {

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
  epoch.first_run =
      permutation(epoch.parts > 0 ? epoch.size[0] : 0, derived_seed(epoch.seed, first_part, 0));
}

/// Epoch `epoch` of a phase, holding its first parts.
template <curriculum_schedule Schedule>
epoch_order order_of_epoch(Schedule const& schedule, level_view levels, std::uint64_t seed,
                           index_t phase, index_t epoch)
{
  epoch_order order;
  order.seed = derived_seed(seed, phase, epoch);
  order.all_parts = parts_of(schedule, phase, levels);
  hold_parts(order, schedule, levels, phase, 0, 0);
  bool const counted = order.holds_all_parts() && schedule.epochs_of(phase, levels) > 0;
  order.draws = counted ? order.begin[order.parts] : draws_of(schedule, phase, levels);
  return order;
}

/// How many positions are turned into ranks together.
constexpr index_t draws_at_once = 512;

/// ranks[i] = rank of draw `place` + i of part k of those held.
template <class Target>
void ranks_of_part(epoch_order const& epoch, index_t k, index_t place, index_t count,
                   index_t* ranks)
{
  index_t const size = epoch.size[k];
  for (index_t done = 0; done < count;) {
    index_t const run = (place + done) / size;
    index_t const start = place + done - run * size;
    index_t const part = min(count - done, size - start);
    for (index_t i = 0; i < part; ++i) { ranks[done + i] = start + i; }
    epoch.run_order(k, run).template apply<Target>(ranks + done, part);
    for (index_t i = 0; i < part; ++i) { ranks[done + i] += epoch.first[k]; }
    done += part;
  }
}

/// Writes the `count` positions from `position` of two interleaved rows: `lower` and `upper` write
/// `count` places from a `place` of theirs as (place, count, to, room). `room` is as long as
/// `ranks`.
template <class Lower, class Upper>
void ranks_of_both(interleave const& mix, index_t position, index_t count, index_t* ranks,
                   index_t* room, Lower const& lower, Upper const& upper)
{
  auto const begin = mix.at(position), end = mix.at(position + count);
  index_t const of_lower = end.of_first - begin.of_first;
  bool const merges = 0 < of_lower && of_lower < count;
  index_t *const to = merges ? room : ranks, *const spare = merges ? ranks : room;
  if (of_lower > 0) { lower(begin.of_first, of_lower, to, spare); }
  if (of_lower < count) {
    upper(position - begin.of_first, count - of_lower, to + of_lower, spare + of_lower);
  }
  if (merges) { mix.merge(begin, count, room, room + of_lower, ranks); }
}

/// The same for the parts [a, b) of those held.
template <class Target>
void ranks_of_parts(epoch_order const& epoch, index_t a, index_t b, index_t position, index_t count,
                    index_t* ranks, index_t* room)
{
  if (b - a == 1) { return ranks_of_part<Target>(epoch, a, position, count, ranks); }
  auto const half = [&epoch](index_t from, index_t to) {
    return [&epoch, from, to](index_t place, index_t size, index_t* out, index_t* spare) {
      ranks_of_parts<Target>(epoch, from, to, place, size, out, spare);
    };
  };
  index_t const middle = (a + b) / 2;
  ranks_of_both(epoch.halves(a, b), position, count, ranks, room, half(a, middle), half(middle, b));
}

/// ranks[i] = rank at the position `position` + i of the parts held and all after them. `hold_next`
/// makes an epoch hold the parts after those that it holds; `count` is at most `draws_at_once`.
template <class Target = compile_target, class HoldNext>
void ranks_at(epoch_order const& epoch, index_t position, index_t count, index_t* ranks,
              index_t* room, HoldNext const& hold_next)
{
  auto const held = [&](index_t place, index_t size, index_t* out, index_t* spare) {
    ranks_of_parts<Target>(epoch, 0, epoch.parts, place, size, out, spare);
  };
  if (epoch.first_part + epoch.parts == epoch.all_parts) {
    return held(position, count, ranks, room);
  }
  ranks_of_both(epoch.held_and_rest(), position, count, ranks, room, held,
                [&](index_t place, index_t size, index_t* out, index_t* spare) {
                  epoch_order next = epoch;
                  hold_next(next);
                  ranks_at<Target>(next, place, size, out, spare, hold_next);
                });
}

}  // namespace prefopt::detail
