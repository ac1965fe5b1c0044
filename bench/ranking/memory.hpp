// SPDX-License-Identifier: MIT
#pragma once
/// \file  Rankings and exact tertiles in memory, beside sorting and nth_element.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include <prefopt/ranking/level_cuts.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

#include "../rooflines.hpp"
#include "common.hpp"

namespace bench {

/// Tertiles by `level_cuts`, on one thread and on two, in turn with two calls of nth_element and,
/// three times, std::sort; the copies that these work on are not timed. Medians, beside reading the
/// scores once; as records into `results` too, unless it is null.
template <class Real>
void tertiles(std::size_t n, int repeats, measure::results* results)
{
  auto const scores = some_scores<Real>(n);
  auto const samples = static_cast<index_t>(n);
  std::vector<Real> copy(n);
  std::vector<index_t> offsets(4),
      workspace(static_cast<std::size_t>(level_cuts_workspace<Real>(2, 2)));
  levels_of_equal_size(samples, offsets);
  std::vector<level_cut<Real>> cuts(2), again(2);
  auto const rank = [&](std::size_t k) { return copy.begin() + offsets[k]; };

  std::vector<double> read, read_by_two, one, two, nth, sort;
  auto const read_once = [&](int threads) {
    return seconds_of([&] { roofline::read(scores.data(), n * sizeof(Real), threads); });
  };
  for (int k = 0; k < repeats; ++k) {
    read.push_back(read_once(1));
    read_by_two.push_back(read_once(2));
    one.push_back(seconds_of([&] { level_cuts(scores, {offsets}, cuts, workspace, 1); }));
    two.push_back(seconds_of([&] { level_cuts(scores, {offsets}, again, workspace, 2); }));
    std::ranges::copy(scores, copy.begin());
    nth.push_back(seconds_of([&] {
      std::nth_element(copy.begin(), rank(1), copy.end());
      std::nth_element(rank(1) + 1, rank(2), copy.end());
    }));
    expect(*rank(1) == cuts[0].score && *rank(2) == cuts[1].score, "tertiles and nth_element");
    expect(cuts == again, "tertiles on two threads");
    if (k < 3) {
      std::ranges::copy(scores, copy.begin());
      sort.push_back(seconds_of([&] { std::ranges::sort(copy); }));
      expect(*rank(1) == cuts[0].score && *rank(2) == cuts[1].score, "tertiles and std::sort");
    }
  }
  // Levels, against counting: a cut's sample has as many before it as its rank says.
  for (std::size_t k = 0; k < 2; ++k) {
    index_t before = 0;
    for (index_t i = 0; i < samples; ++i) {
      before += cuts[k].is_above(scores[static_cast<std::size_t>(i)], i) ? 1 : 0;
    }
    expect(before == offsets[k + 1], "the samples before a cut");
  }
  char const* const type = sizeof(Real) == 4 ? "float" : "double";
  std::printf(
      "| tertiles of | type | threads | s | read once, s | `nth_element` twice, s (ratio) | "
      "`std::sort`, s (ratio) |\n|--:|---|--:|--:|--:|--:|--:|\n");
  for (int const threads : {1, 2}) {
    double const ours = median(threads == 1 ? one : two);
    double const roof = median(threads == 1 ? read : read_by_two);
    std::printf("| %zu | %s | %d | %.4f | %.4f | %.3f (%.1f) | %.2f (%.0f) |\n", n, type, threads,
                ours, roof, median(nth), median(nth) / ours, median(sort), median(sort) / ours);
  }
  if (results == nullptr) { return; }
  for (int const threads : {1, 2}) {
    for (bool const by_sort : {false, true}) {
      results->write({.name = "tertiles of " + std::to_string(n) + " " + type,
                      .ours_s = median(threads == 1 ? one : two),
                      .peer = by_sort ? "std::sort" : "std::nth_element twice",
                      .peer_s = median(by_sort ? sort : nth),
                      .roofline_s = median(threads == 1 ? read : read_by_two),
                      .peer_version = "libstdc++",
                      .flags = "",
                      .threads = threads});
    }
  }
}

/// The whole order, in the memory of the order and with a workspace, beside sorting the scores
/// alone, and the indices by their scores.
template <class Real>
void orders(std::size_t n, int repeats)
{
  auto const scores = some_scores<Real>(n);
  std::vector<index_t> order(n), other(n), workspace(n);
  std::vector<double> in_place, with_memory, values, indices;
  std::vector<Real> copy(n);
  for (int k = 0; k < repeats; ++k) {
    in_place.push_back(seconds_of([&] { rank_easy_to_hard(scores, order); }));
    with_memory.push_back(seconds_of([&] { rank_easy_to_hard(scores, other, workspace); }));
    expect(order == other, "the order with a workspace");
    std::ranges::copy(scores, copy.begin());
    values.push_back(seconds_of([&] { std::ranges::sort(copy); }));
  }
  indices.push_back(seconds_of([&] {
    std::iota(other.begin(), other.end(), index_t(0));
    std::ranges::sort(other, [&](index_t a, index_t b) {
      Real const left = scores[static_cast<std::size_t>(a)];
      Real const right = scores[static_cast<std::size_t>(b)];
      return left < right || (left == right && a < b);
    });
  }));
  expect(order == other, "the order of std::sort");
  std::printf(
      "| order of | type | in place, s | with a workspace, s | `std::sort` of the scores, s | of "
      "the indices, s |\n|--:|---|--:|--:|--:|--:|\n");
  std::printf("| %zu | %s | %.3f | %.3f | %.2f | %.2f |\n", n,
              sizeof(Real) == 4 ? "float" : "double", median(in_place), median(with_memory),
              median(values), median(indices));
}

}  // namespace bench
