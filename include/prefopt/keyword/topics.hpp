// SPDX-License-Identifier: MIT
#pragma once
/// \file  Topics: candidates that name much the same, found by average-linkage clustering.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/keyword/candidates.hpp>

namespace prefopt {

/// Jaccard distance of two phrases as bags of stems: of the stems that either has, the share whose
/// counts differ. 0 for the same bag, 1 for phrases without a common stem.
inline double stem_distance(keyword_candidate const& a, keyword_candidate const& b)
{
  std::vector<std::string> x = a.stems, y = b.stems;
  std::ranges::sort(x);
  std::ranges::sort(y);
  index_t stems = 0, different = 0;
  std::size_t i = 0, j = 0;
  while (i < x.size() || j < y.size()) {
    std::string const& stem = j == y.size() || (i < x.size() && x[i] <= y[j]) ? x[i] : y[j];
    index_t in_x = 0, in_y = 0;
    std::string const now = stem;
    for (; i < x.size() && x[i] == now; ++i) { ++in_x; }
    for (; j < y.size() && y[j] == now; ++j) { ++in_y; }
    ++stems;
    different += in_x != in_y ? 1 : 0;
  }
  return stems == 0 ? 0 : static_cast<double>(different) / static_cast<double>(stems);
}

/// Average-linkage (UPGMA) clusters: the two nearest clusters merge while the mean distance of
/// their members is at most `threshold`; of equal distances the pair with the first members goes
/// first. `distances` is an n x n matrix, symmetric. Returns the cluster of each element, numbered
/// by first member. O(n^2) memory, O(n^2) time and O(n) for each search that a merge repeats.
/// Throws std::invalid_argument for a matrix that is not n x n.
inline std::vector<index_t> average_linkage(std::span<double const> distances, index_t n,
                                            double threshold)
{
  detail::require_extent("average_linkage", "distances", n * n,
                         static_cast<index_t>(distances.size()));
  auto const count = static_cast<std::size_t>(n);
  std::vector<double> d(distances.begin(), distances.end());
  std::vector<double> members(count, 1);
  std::vector<std::size_t> owner(count), nearest(count, count);
  for (std::size_t i = 0; i < count; ++i) { owner[i] = i; }
  // A cluster lives at its first member; nearest[i] is its nearest among those that come after it.
  auto const search = [&](std::size_t i) {
    nearest[i] = count;
    for (std::size_t j = i + 1; j < count; ++j) {
      bool const nearer = nearest[i] == count || d[i * count + j] < d[i * count + nearest[i]];
      if (members[j] > 0 && nearer) { nearest[i] = j; }
    }
  };
  for (std::size_t i = 0; i < count; ++i) { search(i); }
  while (true) {
    std::size_t a = count;
    for (std::size_t i = 0; i < count; ++i) {
      if (members[i] == 0 || nearest[i] == count) { continue; }
      if (a == count || d[i * count + nearest[i]] < d[a * count + nearest[a]]) { a = i; }
    }
    if (a == count || !(d[a * count + nearest[a]] <= threshold)) { break; }
    std::size_t const b = nearest[a];
    for (std::size_t k = 0; k < count; ++k) {
      if (members[k] == 0 || k == a || k == b) { continue; }
      double const mean = (members[a] * d[a * count + k] + members[b] * d[b * count + k]) /
                          (members[a] + members[b]);
      d[a * count + k] = d[k * count + a] = mean;
    }
    members[a] += members[b];
    members[b] = 0;
    for (std::size_t& o : owner) { o = o == b ? a : o; }
    for (std::size_t k = 0; k < count; ++k) {
      if (members[k] == 0) { continue; }
      if (k == a || nearest[k] == a || nearest[k] == b) {
        search(k);
      } else if (k < a && d[k * count + a] < d[k * count + nearest[k]]) {
        nearest[k] = a;
      }
    }
  }
  std::vector<index_t> label(count, -1), result(count);
  index_t labels = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (label[owner[i]] < 0) { label[owner[i]] = labels++; }
    result[i] = label[owner[i]];
  }
  return result;
}

/// The topic of each candidate. MultipartiteRank's threshold is a distance of 0.74.
inline std::vector<index_t> keyword_topics(std::span<keyword_candidate const> candidates,
                                           double threshold = 0.74)
{
  std::size_t const n = candidates.size();
  std::vector<double> distances(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      distances[i * n + j] = distances[j * n + i] = stem_distance(candidates[i], candidates[j]);
    }
  }
  return average_linkage(distances, static_cast<index_t>(n), threshold);
}

}  // namespace prefopt
