// SPDX-License-Identifier: MIT
#pragma once
/// \file  Columns of scores on which summaries and rankings could go wrong.

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt::test {

using score_column = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();
inline double const undefined = std::numeric_limits<double>::quiet_NaN();

inline std::size_t at(index_t i)
{
  return static_cast<std::size_t>(i);
}

/// A uniform number in (0, 1) of its index.
inline double uniform(std::size_t i)
{
  return (static_cast<double>(detail::mix64(i + 1) >> 11) + 0.5) * 0x1p-53;
}

struct distribution {
  char const* name;
  double (*score)(std::size_t i, std::size_t n);
};

inline constexpr distribution distributions[] = {
    {"sorted", [](std::size_t i, std::size_t) { return static_cast<double>(i); }},
    {"reversed", [](std::size_t i, std::size_t n) { return static_cast<double>(n - i); }},
    {"constant", [](std::size_t, std::size_t) { return 2.5; }},
    {"heavy-tailed", [](std::size_t i, std::size_t) { return std::tan(3.14159 * uniform(i)); }},
    {"two-valued", [](std::size_t i, std::size_t) { return uniform(i) < 0.3 ? -1.0 : 7.0; }}};

inline score_column scores_of(distribution const& from, std::size_t n)
{
  score_column scores(n);
  for (std::size_t i = 0; i < n; ++i) { scores[i] = from.score(i, n); }
  return scores;
}

}  // namespace prefopt::test
