// SPDX-License-Identifier: MIT
#pragma once
/// \file  beta-DPO's filter: a draw from the global batch that favours gaps near the running mean.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/core/communicator.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/philox.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/statistics/log_mean_exp.hpp>
#include <prefopt/statistics/weighted_mean.hpp>

namespace prefopt {

/// How pairs are drawn.
struct gap_selection_options {
  double center = 0;      ///< M_0: `gap_average::mean`
  double deviation = 1;   ///< beta-DPO: `gap_average::deviation`; DAMA: 1
  double filtered = 0.2;  ///< share of the pairs that is left out
  std::uint64_t seed = 0;
  index_t step = 0;  ///< another draw for each
};

/// The pairs of the global batch that were drawn.
struct gap_selection {
  index_t pairs = 0;              ///< in the global batch
  weighted_mean gap{};            ///< of those drawn; its count is beta-DPO's mask_count
  log_mean_exp log_preference{};  ///< log of their mean sigmoid(gap), for DAMA
};

/// Memory of the draw, kept from step to step.
struct gap_selection_workspace {
  gathered_column gaps;
  std::vector<double> key;
  std::vector<index_t> order;
};

namespace detail {

/// log weight + Gumbel noise: the largest k of these keys are k draws without replacement (Yellott,
/// J. Math. Psychology 15, 1977; as weights Efraimidis and Spirakis, 2006). No weight underflows.
inline double selection_key(gap_selection_options const& how, double gap, index_t i)
{
  auto const low = [](index_t n) { return static_cast<std::uint32_t>(n); };
  auto const high = [](index_t n) { return static_cast<std::uint32_t>(n >> 32); };
  philox_block const words =
      philox4x32({{low(i), high(i), low(how.step), high(how.step)}},
                 static_cast<std::uint32_t>(how.seed), static_cast<std::uint32_t>(how.seed >> 32));
  auto const integer = (std::uint64_t{words.word[0]} << 20) ^ (words.word[1] >> 12);
  double const uniform = (static_cast<double>(integer) + 0.5) * 0x1p-52;  // never 0 or 1
  double const z = how.deviation == 0 ? 0 : (gap - how.center) / how.deviation;
  return -0.5 * z * z - std::log(-std::log(uniform));
}

}  // namespace detail

/// Draws all but `filtered` of the global batch (rounded down, but at least one pair) without
/// replacement, each pair with weight exp(-((D - center) / deviation)^2 / 2) (Wu et al., arXiv
/// 2407.08639; `trainers.py` of junkangwu/beta-DPO). selected[i] = 1 where local pair i was drawn,
/// else 0: a weight for the pointwise loss, whose normaliser is `gap.count`. Collective.
///
/// The draw depends on seed, step and a pair's place in the global batch only: ranks agree, and so
/// do 1, 2 and 4 of them. (The authors' code draws from each rank's own generator.) With a
/// deviation of 0, where all gaps are equal and the authors' weights are 0/0, all pairs weigh the
/// same; equal keys go by index. Throws `std::invalid_argument` for a NaN gap (on every rank alike,
/// naming the sample), a center or deviation that is not finite (as after a batch with NaN), a
/// negative deviation, and a share outside [0, 1).
template <communicator Communicator>
gap_selection select_by_gap(Communicator const& ranks, vector_view<double const> gaps,
                            gap_selection_options const& how, gap_selection_workspace& workspace,
                            vector_view<double> selected)
{
  constexpr char const* name = "select_by_gap";
  detail::require_extent(name, "selected", gaps.size(), selected.size());
  if (!std::isfinite(how.center)) {
    detail::throw_invalid(name, "center", "a finite number", std::to_string(how.center));
  }
  if (!(how.deviation >= 0 && std::isfinite(how.deviation))) {
    detail::throw_invalid(name, "deviation", "a finite number, 0 or more",
                          std::to_string(how.deviation));
  }
  if (!(how.filtered >= 0 && how.filtered < 1)) {
    detail::throw_invalid(name, "filtered", "a share in [0, 1)", std::to_string(how.filtered));
  }
  all_gather_column(ranks, gaps, workspace.gaps);
  require_no_nan(name, "gap", workspace.gaps);
  index_t const n = workspace.gaps.size();
  workspace.key.clear();
  workspace.order.clear();
  for (index_t i = 0; i < n; ++i) {
    double const gap = workspace.gaps.value[static_cast<std::size_t>(i)];
    workspace.key.push_back(detail::selection_key(how, gap, i));
    workspace.order.push_back(i);
  }
  auto const share = static_cast<index_t>(static_cast<double>(n) * (1 - how.filtered));
  index_t const kept = n == 0 ? 0 : max(share, index_t{1});
  auto const key = [&](index_t i) { return workspace.key[static_cast<std::size_t>(i)]; };
  std::nth_element(
      workspace.order.begin(), workspace.order.begin() + kept, workspace.order.end(),
      [&](index_t a, index_t b) { return key(a) > key(b) || (!(key(a) < key(b)) && a < b); });

  gap_selection result;
  result.pairs = n;
  index_t const first = workspace.gaps.first[static_cast<std::size_t>(ranks.rank())];
  for (index_t i = 0; i < selected.size(); ++i) { selected[i] = 0; }
  for (index_t k = 0; k < kept; ++k) {
    index_t const i = workspace.order[static_cast<std::size_t>(k)];
    double const gap = workspace.gaps.value[static_cast<std::size_t>(i)];
    result.gap.push(gap);
    result.log_preference.push(log_sigmoid(gap));
    if (i >= first && i - first < selected.size()) { selected[i - first] = 1; }
  }
  return result;
}

}  // namespace prefopt
