// SPDX-License-Identifier: MIT
#pragma once
/// \file  Rankings, lengths and runs that the tests of the sampler share.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <prefopt/core/permutation.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/length_groups.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

#include "support/catch.hpp"

namespace prefopt::test {

using column = std::vector<index_t>;

inline std::size_t at(index_t i)
{
  return static_cast<std::size_t>(i);
}

inline column sorted(column values)
{
  std::sort(values.begin(), values.end());
  return values;
}

/// `samples` ranked in some order that is not the identity, cut into equal levels.
struct ranking {
  column order, offsets;

  ranking(index_t samples, index_t levels) : order(at(samples)), offsets(at(levels + 1))
  {
    rank_at_random(11, order);
    levels_of_equal_size(samples, offsets);
  }
  level_view levels() const { return {offsets}; }
  column ranks(index_t first, index_t last) const
  {
    return sorted(column(order.begin() + first, order.begin() + last));
  }
};

/// One phase over `count` parts of the ranking, drawn 0 to 3 times their size, not whole times.
struct many_parts {
  index_t count = 5;

  index_t phases(level_view) const { return 1; }
  index_t epochs_of(index_t, level_view) const { return 2; }
  index_t parts(index_t, level_view) const { return count; }
  open_part part(index_t, index_t j, level_view levels) const
  {
    index_t const n = levels.samples(), first = j * n / count, last = (j + 1) * n / count;
    return {first, last, last > first ? 7 * j % (3 * (last - first) + 1) : 0};
  }
  friend bool operator==(many_parts const&, many_parts const&) = default;
};
static_assert(check_schedule<many_parts>() && mixes_parts<many_parts>);

/// The next batch of a run, put together from the slices of `ranks` processes.
template <class Sampler>
column next_of(Sampler& sampler, index_t ranks)
{
  column whole, mine(4096);
  for (index_t rank = 0; rank + 1 < ranks; ++rank) {
    drawn_batch const batch = sampler.peek(mine, {rank, ranks});
    whole.insert(whole.end(), mine.begin(), mine.begin() + batch.count);
  }
  drawn_batch const batch = sampler.next(mine, {ranks - 1, ranks});
  whole.insert(whole.end(), mine.begin(), mine.begin() + batch.count);
  REQUIRE(static_cast<index_t>(whole.size()) == batch.size);
  return whole;
}

/// Lengths and workspace of a run that groups by length.
struct grouped {
  std::vector<std::int32_t> lengths;
  column workspace;
  index_t window;

  grouped(index_t samples, index_t samples_in_window)
      : lengths(at(samples)),
        workspace(at(length_workspace(samples_in_window))),
        window(samples_in_window)
  {
    for (index_t i = 0; i < samples; ++i) {
      lengths[at(i)] = static_cast<std::int32_t>(derived_seed(2, i, 0) % 700);
    }
  }
  length_grouping view() { return {lengths, window, workspace}; }
};

/// One batch of a run and its samples.
struct drawn {
  drawn_batch batch;
  column samples;

  bool operator==(drawn const& other) const
  {
    return samples == other.samples && batch.phase == other.batch.phase &&
           batch.epoch == other.batch.epoch && batch.position == other.batch.position &&
           batch.size == other.batch.size;
  }
};
using run = std::vector<drawn>;

/// The next batch, put together from what `ranks` samplers at the same place give.
template <class Sampler>
drawn next_drawn(Sampler& sampler, index_t ranks)
{
  drawn whole;
  sampler_state const before = sampler.state();
  for (index_t rank = 0; rank < ranks; ++rank) {
    column mine(64, -1);
    sampler.restore(before);
    whole.batch = sampler.next(mine, {rank, ranks});
    whole.samples.insert(whole.samples.end(), mine.begin(), mine.begin() + whole.batch.count);
  }
  return whole;
}

template <class Sampler>
run rest_of(Sampler sampler, index_t ranks = 1)
{
  run all;
  for (drawn d = next_drawn(sampler, ranks); d.batch; d = next_drawn(sampler, ranks)) {
    all.push_back(d);
  }
  return all;
}

template <class Schedule>
run run_of(Schedule const& schedule, ranking const& r, sampler_options const& options)
{
  return rest_of(curriculum_sampler(schedule, r.order, r.offsets, options));
}

inline column samples_of(run const& all, index_t phase, index_t epoch)
{
  column samples;
  for (drawn const& d : all) {
    if (d.batch.phase == phase && d.batch.epoch == epoch) {
      samples.insert(samples.end(), d.samples.begin(), d.samples.end());
    }
  }
  return samples;
}

}  // namespace prefopt::test
