// SPDX-License-Identifier: MIT
#pragma once
/// \file  Every batch statistic on any number of ranks against the whole batch on one, bit for bit.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/core/communicator.hpp>
#include <prefopt/core/philox.hpp>
#include <prefopt/statistics/bco_delta.hpp>
#include <prefopt/statistics/dynamic_beta.hpp>
#include <prefopt/statistics/gap_moments.hpp>
#include <prefopt/statistics/gap_selection.hpp>
#include <prefopt/statistics/kto_baseline.hpp>
#include <prefopt/statistics/kto_pair.hpp>
#include <prefopt/statistics/log_mean_exp.hpp>
#include <prefopt/statistics/napo.hpp>
#include <prefopt/statistics/sorted_match.hpp>
#include <prefopt/statistics/token_count.hpp>
#include <prefopt/statistics/weighted_mean.hpp>

namespace prefopt::test {

/// What is taken in for one sample, and phase 1 of every loss.
struct batch_sample {
  double chosen, rejected;  ///< log-ratios
  double weight;
};

struct batch_statistics {
  kto_baseline baseline{};
  weighted_mean rewards{};
  kto_pair_means pair{};
  gap_moments gaps{};
  log_mean_exp mean_exp{};
  token_count tokens{};

  void push(batch_sample const& x)
  {
    baseline.push(x.rejected);
    rewards.push(0.1 * x.chosen, x.weight);
    rewards.push(0.1 * x.rejected, x.weight);
    pair.push(x.chosen, x.rejected);
    gaps.push(x.chosen - x.rejected);
    mean_exp.push(x.chosen);
    tokens.push(static_cast<index_t>(std::abs(x.chosen)));
  }
  void merge(batch_statistics const& other)
  {
    baseline.merge(other.baseline);
    rewards.merge(other.rewards);
    pair.merge(other.pair);
    gaps.merge(other.gaps);
    mean_exp.merge(other.mean_exp);
    tokens.merge(other.tokens);
  }
  bool operator==(batch_statistics const&) const = default;
};

/// Log-ratios of many sizes, with ties.
inline std::vector<batch_sample> sample_batch(index_t size, std::uint64_t seed)
{
  std::vector<batch_sample> batch;
  for (index_t i = 0; i < size; ++i) {
    auto const normal = [&](index_t k) {
      return static_cast<double>(philox_normal(seed, 4 * i + k));
    };
    batch_sample x{.chosen = std::exp(3 * normal(0)) * normal(1),
                   .rejected = std::exp(3 * normal(2)) * normal(3),
                   .weight = i % 7 == 3 ? 0 : 1 + 0.1 * normal(1) * normal(1)};
    if (i % 5 == 4) { x = {batch.back().chosen, batch.back().rejected, 1}; }
    batch.push_back(x);
  }
  return batch;
}

/// Where the part of a rank begins: parts are of unequal size, at times empty.
inline std::size_t part_begin(std::size_t samples, int rank, int size)
{
  double const share = static_cast<double>(rank) / size;
  return static_cast<std::size_t>(share * share * static_cast<double>(samples));
}

/// The samples of one rank.
inline std::vector<batch_sample> part_of(std::vector<batch_sample> const& batch, int rank, int size)
{
  auto const bound = [&](int r) {
    return batch.begin() + static_cast<std::ptrdiff_t>(part_begin(batch.size(), r, size));
  };
  return {bound(rank), bound(rank + 1)};
}

/// All that a batch gives the pointwise losses: the same numbers on every rank, then this rank's.
struct batch_numbers {
  batch_statistics phase1{};
  std::vector<double> shared;
  std::vector<double> partner_of_chosen, partner_of_rejected, selected;
};

template <communicator Communicator>
batch_numbers numbers_of(Communicator const& ranks, std::vector<batch_sample> const& part)
{
  batch_numbers numbers;
  // Two micro-batches of different sizes.
  batch_statistics first, second;
  std::vector<double> chosen, rejected, gaps;
  for (std::size_t i = 0; i < part.size(); ++i) {
    (i < part.size() / 3 ? first : second).push(part[i]);
    chosen.push_back(part[i].chosen);
    rejected.push_back(part[i].rejected);
    gaps.push_back(part[i].chosen - part[i].rejected);
  }
  second.merge(first);
  numbers.phase1 = merge_over_ranks(ranks, second);

  auto const baselines = numbers.phase1.pair.baselines();
  kto_pair_coupling coupling;
  for (auto const& x : part) { coupling.push(baselines, 0.1, x.chosen, x.rejected); }
  auto const slopes = merge_over_ranks(ranks, coupling).slopes(baselines);

  bco_delta delta;
  delta.update(numbers.phase1.rewards);
  gap_average average;
  average.update(numbers.phase1.gaps);

  numbers.selected.resize(part.size());
  gap_selection_workspace draw;
  auto const drawn = select_by_gap(
      ranks, gaps, {.center = average.mean, .deviation = average.deviation, .seed = 9, .step = 2},
      draw, numbers.selected);

  numbers.partner_of_chosen.resize(part.size());
  numbers.partner_of_rejected.resize(part.size());
  sorted_match_workspace match;
  sorted_match(ranks, chosen, rejected, match, numbers.partner_of_chosen,
               numbers.partner_of_rejected);

  numbers.shared = {numbers.phase1.baseline.value(),
                    delta.value(),
                    slopes.chosen,
                    slopes.rejected,
                    average.mean,
                    average.deviation,
                    static_cast<double>(drawn.pairs),
                    static_cast<double>(drawn.gap.count),
                    beta_dpo_beta(0.1, drawn.gap.mean(), average.mean),
                    dama_model_factor(drawn.log_preference, average.mean),
                    napo_robustness{}.q(numbers.phase1.rewards.mean()),
                    numbers.phase1.mean_exp.value(),
                    numbers.phase1.tokens.sequences_per_token()};
  return numbers;
}

/// What differs in a bit between these ranks and one; empty where nothing does. No assertions: it
/// may run on threads. NaN is the same as NaN.
template <communicator Communicator>
std::string differences_from_one_rank(Communicator const& ranks, index_t size)
{
  auto const batch = sample_batch(size, 5);
  auto const whole = numbers_of(serial_communicator{}, batch);
  auto const mine = numbers_of(ranks, part_of(batch, ranks.rank(), ranks.size()));
  auto const same = [](double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
           (std::isnan(a) && std::isnan(b));
  };

  std::string wrong;
  if (!(mine.phase1 == whole.phase1)) { wrong += "phase 1; "; }
  for (std::size_t k = 0; k < whole.shared.size(); ++k) {
    if (!same(mine.shared[k], whole.shared[k])) { wrong += "number " + std::to_string(k) + "; "; }
  }
  std::size_t first = 0;
  for (int r = 0; r < ranks.rank(); ++r) { first += part_of(batch, r, ranks.size()).size(); }
  for (std::size_t i = 0; i < mine.selected.size(); ++i) {
    if (!same(mine.selected[i], whole.selected[first + i]) ||
        !same(mine.partner_of_chosen[i], whole.partner_of_chosen[first + i]) ||
        !same(mine.partner_of_rejected[i], whole.partner_of_rejected[first + i])) {
      wrong += "sample " + std::to_string(first + i) + "; ";
    }
  }
  return wrong;
}

}  // namespace prefopt::test
