// SPDX-License-Identifier: MIT
#pragma once
/// \file  How an external ranking shares out its memory.

#include <cstddef>
#include <cstdint>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/ranking/scratch_files.hpp>

namespace prefopt::detail {

struct external_rank_plan {
  std::uint64_t samples, run;  // of a run, but the last
  index_t runs;
  std::size_t memory, block;

  std::uint64_t first(index_t k) const { return static_cast<std::uint64_t>(k) * run; }
  std::uint64_t size(index_t k) const { return min(run, samples - first(k)); }
};

inline external_rank_plan plan_external_rank(char const* name, index_t samples, std::size_t memory,
                                             std::size_t record_bytes)
{
  if (samples < 0) { throw_invalid(name, "samples", "0 or more", std::to_string(samples)); }
  auto const n = static_cast<std::uint64_t>(samples);
  std::size_t const block = min(memory / 8, std::size_t{1} << 20);
  // Two arrays of records, a block to read and one to write, the counts of the radix sort.
  std::size_t const rest = 2 * block + (std::size_t{1} << 17);
  std::uint64_t const least =
      max(std::uint64_t{1} << 20, (n / scratch_files::most_runs + 1) * 2 * record_bytes + rest);
  if (memory < least) {
    throw_invalid(name, "memory",
                  std::to_string(least) + " bytes or more for " + std::to_string(n) + " samples",
                  std::to_string(memory));
  }
  std::uint64_t const run =
      min(std::uint64_t{(memory - rest) / (2 * record_bytes)}, (std::uint64_t{1} << 32) - 1);
  auto const runs = static_cast<index_t>(max((n + run - 1) / run, std::uint64_t{1}));
  return {n, run, runs, memory, block};
}

}  // namespace prefopt::detail
