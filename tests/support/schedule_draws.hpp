// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a schedule draws: from its parts, and by running it.

#include <cstddef>
#include <numeric>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/sampler.hpp>

namespace prefopt::test {

using column = std::vector<index_t>;
using numbers = std::vector<double>;

/// Offsets of levels of these sizes.
inline column offsets_of(column const& sizes)
{
  column offsets{0};
  for (index_t const size : sizes) { offsets.push_back(offsets.back() + size); }
  return offsets;
}

/// Draws of each part of a phase.
template <class Schedule>
column draws_in(Schedule const& schedule, index_t phase, column const& offsets)
{
  level_view const levels{offsets};
  column draws;
  for (index_t j = 0; j < prefopt::parts_of(schedule, phase, levels); ++j) {
    draws.push_back(prefopt::checked_part(schedule, phase, j, levels).draws);
  }
  return draws;
}

/// Draws of each part over the whole run.
template <class Schedule>
column draws_of_run(Schedule const& schedule, column const& offsets)
{
  column sum;
  for (index_t k = 0; k < schedule.phases({offsets}); ++k) {
    column const draws = draws_in(schedule, k, offsets);
    sum.resize(draws.size());
    for (std::size_t j = 0; j < draws.size(); ++j) { sum[j] += draws[j]; }
  }
  return sum;
}

inline index_t total(column const& draws)
{
  return std::accumulate(draws.begin(), draws.end(), index_t{0});
}

/// How often a run draws each rank of a ranking that is the identity.
template <class Schedule>
column visits(Schedule const& schedule, column const& offsets)
{
  column order(static_cast<std::size_t>(offsets.back())), count(order.size()), batch(16);
  std::iota(order.begin(), order.end(), 0);
  curriculum_sampler sampler(schedule, order, offsets, {.batch = 16, .seed = 1});
  while (auto const drawn = sampler.next(batch)) {
    for (index_t i = 0; i < drawn.count; ++i) {
      ++count[static_cast<std::size_t>(batch[static_cast<std::size_t>(i)])];
    }
  }
  return count;
}

/// The parts of a phase, by one pass.
template <class Schedule>
std::vector<open_part> pass(Schedule const& schedule, index_t phase, column const& offsets)
{
  std::vector<open_part> all;
  for_each_part(schedule, phase, {offsets}, [&](open_part part) { all.push_back(part); });
  return all;
}

/// Offsets of many levels, some of them empty.
inline column offsets_of_many(index_t levels)
{
  column sizes;
  for (index_t k = 0; k < levels; ++k) { sizes.push_back(k * k % 37); }
  return offsets_of(sizes);
}

}  // namespace prefopt::test
