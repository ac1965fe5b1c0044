// SPDX-License-Identifier: MIT
#pragma once
/// \file  What the device may differ from the host by, and columns to try it on.

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "support/catch.hpp"

namespace prefopt::test {

/// exp and log differ between the C library and CUDA's by a few units in the last place.
template <class Real>
inline constexpr Real tolerance = Real(1e-13);
template <>
inline constexpr float tolerance<float> = 1e-6f;

template <class Real>
void require_close(std::vector<Real> const& got, std::vector<Real> const& expected)
{
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO("element " << i << ": " << got[i] << " instead of " << expected[i]);
    Real const scale = std::fmax(Real(1), std::fabs(expected[i]));
    bool const close = std::fabs(got[i] - expected[i]) <= tolerance<Real> * scale ||
                       (std::isnan(got[i]) && std::isnan(expected[i]));
    REQUIRE(close);
  }
}

/// Log-probabilities in (-400, 0), so that margins reach both saturated ends of every link.
template <class Real>
std::vector<Real> random_column(unsigned seed, std::size_t size)
{
  std::mt19937 bits(seed);
  std::vector<Real> column(size);
  for (Real& x : column) { x = Real(-400) * (Real(bits() >> 8) + Real(0.5)) / Real(1 << 24); }
  return column;
}

}  // namespace prefopt::test
