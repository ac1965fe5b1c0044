// SPDX-License-Identifier: MIT
#pragma once
/// \file  Columns of scores on which rankings could differ, and the host's order of them.

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <prefopt/core/hash.hpp>
#include <prefopt/ranking/rank.hpp>

namespace prefopt::test {

/// All alike, ties of 0 and -0, infinities, numbers without leading digit, neighbours in the last
/// bit, and of each size sorted, reversed, and many of both signs with repetitions, which come
/// last.
template <class Real>
std::vector<std::vector<Real>> score_columns(std::vector<std::size_t> const& sizes = {31, 32, 33,
                                                                                      257, 5000})
{
  using limits = std::numeric_limits<Real>;
  Real const infinity = limits::infinity(), tiny = limits::denorm_min();
  Real const next = std::nextafter(Real(1), Real(2));
  std::vector<std::vector<Real>> all{
      {},
      {3},
      {2, 2, 2, 2, 2},
      {0, -Real(0), 0, -Real(0), tiny, -tiny, 0},
      {infinity, limits::max(), -infinity, limits::lowest(), infinity, -infinity, 0},
      {next, 1, -1, -next, 1, next, limits::min(), -limits::min()}};
  for (std::size_t const n : sizes) {
    std::vector<Real> rising, falling, mixed;
    for (std::size_t i = 0; i < n; ++i) {
      rising.push_back(static_cast<Real>(i));
      falling.push_back(-static_cast<Real>(i));
      mixed.push_back(static_cast<Real>(detail::mix64(i) % (n / 2 + 3)) - static_cast<Real>(n / 4));
    }
    for (auto* column : {&rising, &falling, &mixed}) { all.push_back(std::move(*column)); }
  }
  return all;
}

template <class Real>
std::vector<index_t> order_on_host(std::vector<Real> const& scores)
{
  std::vector<index_t> order(scores.size());
  rank_easy_to_hard(scores, order);
  return order;
}

}  // namespace prefopt::test
