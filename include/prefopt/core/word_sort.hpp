// SPDX-License-Identifier: MIT
#pragma once
/// \file  A stable sort of 64-bit words by their upper halves, in the caller's memory.

#include <cstdint>
#include <utility>

#include <prefopt/core/math.hpp>

namespace prefopt::detail {

template <int Bits>
index_t* sort_by_digits(index_t* keys, index_t* other, index_t count, std::uint32_t largest)
{
  constexpr index_t digits = index_t{1} << Bits;
  for (int shift = 32; shift < 63 && (largest >> (shift - 32)) != 0; shift += Bits) {
    auto const digit = [=](index_t key) { return (key >> shift) & (digits - 1); };
    index_t begin[digits] = {};
    for (index_t i = 0; i < count; ++i) { begin[digit(keys[i])] += 1; }
    for (index_t d = 0, before = 0; d < digits; ++d) {
      index_t const size = begin[d];
      begin[d] = before;
      before += size;
    }
    for (index_t i = 0; i < count; ++i) { other[begin[digit(keys[i])]++] = keys[i]; }
    std::swap(keys, other);
  }
  return keys;
}

/// Sorts words that are not negative by their upper 32 bits; equal ones stay in their order. Digit
/// by digit, as far as `largest`, the largest upper half, goes. `keys` and `other` have `count`
/// elements each; returns the one that holds the result.
inline index_t* sort_by_upper_half(index_t* keys, index_t* other, index_t count,
                                   std::uint32_t largest)
{
  return count < 2048 ? sort_by_digits<8>(keys, other, count, largest)
                      : sort_by_digits<11>(keys, other, count, largest);
}

}  // namespace prefopt::detail
