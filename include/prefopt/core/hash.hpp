// SPDX-License-Identifier: MIT
#pragma once
/// \file  64-bit hashes that tell one set of data from another. Not for secrets.

#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {
namespace detail {

/// Finaliser of splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014; constants of Stafford's variant 13): a bijection of 64-bit words.
PREFOPT_HD constexpr std::uint64_t mix64(std::uint64_t x)
{
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace detail

/// Hash of a sequence of words: of their values, their order and their number.
struct word_hash {
  std::uint64_t state = 0;
  index_t count = 0;

  PREFOPT_HD constexpr void push(std::uint64_t word)
  {
    state = detail::mix64(state ^ word) + 0x9E3779B97F4A7C15u;  // 0 must not stay 0
    ++count;
  }
  PREFOPT_HD constexpr std::uint64_t value() const
  {
    return detail::mix64(state ^ static_cast<std::uint64_t>(count));
  }
};

}  // namespace prefopt
