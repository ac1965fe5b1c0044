// SPDX-License-Identifier: MIT
#pragma once
/// \file  What the benchmarks of rankings share: scores, checks, seconds.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/ranking/external_progress.hpp>

#include "../measure.hpp"

namespace bench {

using namespace prefopt;
using detail::seconds_now;
using measure::median;
using measure::seconds_of;

inline double uniform(std::uint64_t i)
{
  return (static_cast<double>(detail::mix64(i + 1) >> 11) + 0.5) * 0x1p-53;
}

/// Score i of a set: distinct but for a few.
template <class Real>
Real some_score(std::uint64_t i)
{
  return static_cast<Real>(std::log(uniform(i)));
}

template <class Real>
std::vector<Real> some_scores(std::size_t n)
{
  std::vector<Real> scores(n);
  for (std::size_t i = 0; i < n; ++i) { scores[i] = some_score<Real>(i); }
  return scores;
}

inline bool wrong = false;

inline void expect(bool good, char const* what)
{
  if (good) { return; }
  std::printf("WRONG: %s\n", what);
  wrong = true;
}

}  // namespace bench
