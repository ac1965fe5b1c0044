// SPDX-License-Identifier: MIT
#pragma once
/// \file  Stable sorting of keys with their indices, digit by digit.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace prefopt::detail {

template <class Key>
struct indexed_key {
  Key key;
  std::uint32_t index;
};

/// Sorts by key, in place or into `other`, which has the same length: returns which of the two
/// holds the result. Least significant digit first (Knuth, TAOCP 3, 5.2.5): equal keys keep their
/// order.
template <class Key>
std::vector<indexed_key<Key>>& radix_sort(std::vector<indexed_key<Key>>& records,
                                          std::vector<indexed_key<Key>>& other)
{
  constexpr int bits = 11, digits = (8 * static_cast<int>(sizeof(Key)) + bits - 1) / bits;
  constexpr std::size_t buckets = std::size_t{1} << bits;
  auto const digit = [](Key key, int d) {
    return static_cast<std::size_t>(key >> (bits * d)) & (buckets - 1);
  };
  std::vector<std::array<std::size_t, buckets>> count(digits);
  for (auto const& record : records) {
    for (int d = 0; d < digits; ++d) { ++count[static_cast<std::size_t>(d)][digit(record.key, d)]; }
  }
  auto* from = &records;
  auto* to = &other;
  for (int d = 0; d < digits; ++d) {
    auto& place = count[static_cast<std::size_t>(d)];
    if (!records.empty() && place[digit((*from)[0].key, d)] == records.size()) { continue; }
    std::size_t next = 0;
    for (std::size_t& begin : place) { next += std::exchange(begin, next); }
    for (auto const& record : *from) { (*to)[place[digit(record.key, d)]++] = record; }
    std::swap(from, to);
  }
  return *from;
}

}  // namespace prefopt::detail
