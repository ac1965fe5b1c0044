// SPDX-License-Identifier: MIT
#pragma once
/// \file  PageRank and its relatives on a dense weighted graph, by power iteration.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// What one step does with w, the weight w[i n + j] of the edge from i to j, and W_i, the sum of
/// row i. a is the damping factor.
enum class rank_update : std::uint8_t {
  /// r_i <- (1 - a) + a sum_j w_ij / W_j r_j, as MFPO prints it. A node receives along its own
  /// outgoing weights.
  printed,
  /// r_i <- (1 - a) + a sum_j w_ji / W_j r_j: TextRank (Mihalcea and Tarau 2004, eq. 2). A factor
  /// of a whole row cancels, so positional decay has no effect.
  text_rank,
  /// r_i <- (1 - a) / n + a sum_j w_ji / W_j r_j, ranks that sum to 1; what a node without outgoing
  /// weight has is spread evenly: PageRank (Brin and Page 1998).
  page_rank,
};

/// With `printed` and `text_rank` a node without outgoing weight passes nothing on.
struct page_rank_options {
  rank_update update = rank_update::page_rank;
  double damping = 0.85;         ///< 0 <= a < 1
  double tolerance = 1e-6;       ///< positive; see page_rank
  index_t max_iterations = 200;  ///< 1 or more
};

struct page_rank_result {
  std::vector<double> rank;
  index_t iterations = 0;
  bool converged = true;
};

/// The ranks of a graph with n nodes and n x n weights. Iteration stops when a step changes the
/// ranks by less than the tolerance: for page_rank and text_rank the sum of all changes is below
/// n times it. For `printed`, whose ranks may span many decades, each change is measured in its own
/// node's W_i: with u_i = r_i / W_i a step is an average of the u (it shrinks errors by a), and it
/// stops when the largest change of u is below the tolerance times the largest u. So the error that
/// remains is at most a / (1 - a) tolerances, and log(tolerance) / log(a) steps and few more are
/// enough (86 for the defaults). If the bound on the steps comes first, `converged` is false.
/// A step costs n^2. Throws std::invalid_argument for weights that are negative, infinite or NaN, a
/// matrix that is not n x n, and options out of their domain.
inline page_rank_result page_rank(std::span<double const> weights, index_t n,
                                  page_rank_options const& options = {})
{
  constexpr char const* name = "page_rank";
  detail::require_extent(name, "weights", n * n, static_cast<index_t>(weights.size()));
  if (!(options.damping >= 0 && options.damping < 1)) {
    detail::throw_invalid(name, "damping", "0 <= damping < 1", std::to_string(options.damping));
  }
  if (!(options.tolerance > 0) || options.max_iterations < 1) {
    detail::throw_invalid(
        name, "tolerance and max_iterations", "positive numbers",
        std::to_string(options.tolerance) + " and " + std::to_string(options.max_iterations));
  }
  auto const count = static_cast<std::size_t>(n);
  std::vector<double> sum(count);
  double largest_sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      double const w = weights[i * count + j];
      if (!(w >= 0) || !std::isfinite(w)) {
        detail::throw_invalid(name,
                              "weight of edge " + std::to_string(i) + " -> " + std::to_string(j),
                              "a finite number that is not negative", std::to_string(w));
      }
      sum[i] += w;
    }
    if (!std::isfinite(sum[i])) {
      detail::throw_invalid(name, "weights of node " + std::to_string(i), "a finite sum",
                            "infinity");
    }
    largest_sum = sum[i] > largest_sum ? sum[i] : largest_sum;
  }
  // Row-stochastic; a node without outgoing weight keeps a row of zeros.
  std::vector<double> step(count * count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      step[i * count + j] = sum[i] > 0 ? weights[i * count + j] / sum[i] : 0;
    }
  }
  double const a = options.damping;
  bool const printed = options.update == rank_update::printed;
  bool const normalised = options.update == rank_update::page_rank;
  double const start = normalised ? 1 / static_cast<double>(count) : 1 - a;
  // `printed` iterates u_i = r_i / scale_i.
  std::vector<double> scale(count, 1.0), rank(count), next(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (printed && sum[i] > 0) { scale[i] = sum[i] / largest_sum; }
    if (scale[i] < 1e-300) {
      detail::throw_invalid(name, "weights of node " + std::to_string(i),
                            "rows whose sums are within a factor of 1e300 of each other",
                            std::to_string(scale[i]) + " of the largest");
    }
    rank[i] = start / scale[i];
  }
  page_rank_result result;
  result.converged = count == 0;
  while (!result.converged && result.iterations < options.max_iterations) {
    double lost = 0;
    for (std::size_t j = 0; j < count; ++j) { lost += normalised && sum[j] == 0 ? rank[j] : 0; }
    double const spread = lost / static_cast<double>(count);
    double const teleport = normalised ? (1 - a) / static_cast<double>(count) : 1 - a;
    for (std::size_t i = 0; i < count; ++i) { next[i] = teleport / scale[i] + a * spread; }
    for (std::size_t j = 0; j < count; ++j) {
      for (std::size_t i = 0; i < count; ++i) {
        if (printed) {
          next[j] += sum[i] > 0 ? a * step[j * count + i] * rank[i] : 0;
        } else {
          next[i] += a * step[j * count + i] * rank[j];
        }
      }
    }
    double change = 0, largest = 0, total = 0;
    for (std::size_t i = 0; i < count; ++i) {
      double const moved = std::abs(next[i] - rank[i]);
      total += moved;
      change = moved > change ? moved : change;
      largest = next[i] > largest ? next[i] : largest;
    }
    rank.swap(next);
    ++result.iterations;
    result.converged = printed ? change <= options.tolerance * largest
                               : total < options.tolerance * static_cast<double>(count);
  }
  for (std::size_t i = 0; i < count; ++i) { rank[i] *= scale[i]; }
  result.rank = rank;
  return result;
}

}  // namespace prefopt
