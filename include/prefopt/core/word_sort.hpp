// SPDX-License-Identifier: MIT
#pragma once
/// \file  A stable sort of 64-bit words by their upper halves, in the caller's memory.

#include <cstdint>
#include <utility>

#include <prefopt/core/math.hpp>

namespace prefopt::detail {

/// Sorts words that are not negative by their upper 32 bits; equal ones stay in their order. Byte
/// by byte, as far as `largest`, the largest upper half, goes. `keys` and `other` have `count`
/// elements each; returns the one that holds the result.
inline index_t* sort_by_upper_half(index_t* keys, index_t* other, index_t count,
                                   std::uint32_t largest)
{
  for (int shift = 32; shift < 64 && (largest >> (shift - 32)) != 0; shift += 8) {
    auto const digit = [=](index_t key) { return (key >> shift) & 255; };
    index_t begin[256] = {};
    for (index_t i = 0; i < count; ++i) { begin[digit(keys[i])] += 1; }
    for (index_t d = 0, before = 0; d < 256; ++d) {
      index_t const size = begin[d];
      begin[d] = before;
      before += size;
    }
    for (index_t i = 0; i < count; ++i) { other[begin[digit(keys[i])]++] = keys[i]; }
    std::swap(keys, other);
  }
  return keys;
}

}  // namespace prefopt::detail
