// SPDX-License-Identifier: MIT
#pragma once
/// \file  The samples of many positions of an epoch at once, in the host's vector registers.

#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/registers.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/curriculum/epoch_order.hpp>
#include <prefopt/curriculum/interleave.hpp>

namespace prefopt::detail {

/// How many positions are turned into ranks together.
constexpr index_t draws_at_once = 512;

/// ranks[i] = rank of draw `place` + i of part k.
template <class Target>
void ranks_of_part(epoch_view const& epoch, index_t k, index_t place, index_t count, index_t* ranks)
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

/// ranks[i] = rank of draw `position` + i of the parts [a, b). `room` is as long as `ranks`. Parts
/// that draw none of these are not looked at.
template <class Target>
void ranks_of_parts(epoch_view const& epoch, index_t a, index_t b, index_t position, index_t count,
                    index_t* ranks, index_t* room)
{
  if (b - a == 1) { return ranks_of_part<Target>(epoch, a, position, count, ranks); }
  interleave const mix = epoch.halves(a, b);
  auto const from = mix.at(position), to = mix.at(position + count);
  index_t const middle = (a + b) / 2, of_lower = to.of_first - from.of_first;
  bool const merges = 0 < of_lower && of_lower < count;
  index_t *const out = merges ? room : ranks, *const spare = merges ? ranks : room;
  if (of_lower > 0) {
    ranks_of_parts<Target>(epoch, a, middle, from.of_first, of_lower, out, spare);
  }
  if (of_lower < count) {
    ranks_of_parts<Target>(epoch, middle, b, position - from.of_first, count - of_lower,
                           out + of_lower, spare + of_lower);
  }
  if (merges) { mix.merge(from, count, room, room + of_lower, ranks); }
}

/// Writes the samples at the places from `place` of an epoch. Ranks are computed apart from reading
/// `order`, so that the cache misses of large rankings overlap, and a step ahead, so that they are
/// under way meanwhile. `use(i, count)` may read samples i .. i + count - 1.
template <class Target = compile_target, class Use>
void draw_samples(epoch_view const& epoch, vector_view<index_t const> order, index_t place,
                  vector_view<index_t> samples, Use const& use)
{
  index_t ranks[2][draws_at_once], room[draws_at_once];
  // Reading and computing overlap better in small steps, but each costs something for every part.
  index_t const step = epoch.parts > 1 ? draws_at_once : draws_at_once / 8;
  index_t const count = samples.size();
  for (index_t i = 0, turn = 0; i < count + step; i += step, turn ^= 1) {
    if (i < count) {
      index_t const size = min(step, count - i);
      ranks_of_parts<Target>(epoch, 0, epoch.parts, place + i, size, ranks[turn], room);
      for (index_t k = 0; k < size; ++k) { __builtin_prefetch(&order[ranks[turn][k]]); }
    }
    if (i > 0) {
      index_t const size = min(step, count - (i - step));
      for (index_t k = 0; k < size; ++k) { samples[i - step + k] = order[ranks[turn ^ 1][k]]; }
      use(i - step, size);
    }
  }
}

}  // namespace prefopt::detail
