// SPDX-License-Identifier: MIT
#pragma once
/// \file  Scores over ranks, against the same made by one.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/core/communicator.hpp>
#include <prefopt/ranking/quantile_sketch.hpp>
#include <prefopt/ranking/score_table.hpp>
#include <prefopt/ranking/sketch_exchange.hpp>

namespace prefopt::test {

/// What differs between sketch and score table over the ranks and those of one process, or "". Rank
/// r has the samples that are r modulo the ranks, and every fifth of its neighbour's.
template <communicator Communicator>
std::string scores_that_differ_from_one_rank(Communicator const& ranks, index_t samples)
{
  auto const score = [](index_t i) { return std::sin(static_cast<double>(i * i)); };
  index_t const size = ranks.size();
  std::vector<quantile_sketch> sketch;
  std::vector<score_table> table;
  for (index_t r = 0; r < size; ++r) {
    sketch.emplace_back(64, static_cast<std::uint64_t>(r));
    table.emplace_back(samples);
    for (index_t i = 0; i < samples; ++i) {
      bool const mine = i % size == r;
      if (mine) { sketch.back().push(score(i), i); }
      if (mine || (i % 5 == 0 && (i + 1) % size == r)) { table.back().push(i, score(i)); }
    }
  }
  auto const mine = static_cast<std::size_t>(ranks.rank());
  quantile_sketch expected(64);
  expected.merge_all(sketch);
  if (encode_sketch(merge_over_ranks(ranks, sketch[mine])) != encode_sketch(expected)) {
    return "the sketch";
  }
  std::vector<double> column(static_cast<std::size_t>(samples));
  merge_over_ranks(ranks, table[mine]).copy_to(column);
  for (index_t i = 0; i < samples; ++i) {
    if (column[static_cast<std::size_t>(i)] != score(i)) {
      return "the score of sample " + std::to_string(i);
    }
  }
  return "";
}

}  // namespace prefopt::test
