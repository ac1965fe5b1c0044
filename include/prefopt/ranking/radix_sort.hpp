// SPDX-License-Identifier: MIT
#pragma once
/// \file  Stable sorting of keys with their indices, digit by digit.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <prefopt/core/math.hpp>

namespace prefopt::detail {

template <class Key>
struct indexed_key {
  Key key;
  std::uint32_t index;
};

/// Sorts n records by key_of(record), in place or into `other`, which has the same length: returns
/// which of the two holds the result. Least significant digit first (Knuth, TAOCP 3, 5.2.5): equal
/// keys keep their order.
template <class Record, class KeyOf>
Record* radix_sort(Record* records, Record* other, index_t n, KeyOf const& key_of)
{
  using key = decltype(key_of(*records));
  constexpr int bits = 11, digits = (8 * static_cast<int>(sizeof(key)) + bits - 1) / bits;
  constexpr std::size_t buckets = std::size_t{1} << bits;
  auto const digit = [](key of, int d) {
    return static_cast<std::size_t>(of >> (bits * d)) & (buckets - 1);
  };
  std::array<std::array<index_t, buckets>, digits> count{};
  for (index_t i = 0; i < n; ++i) {
    key const of = key_of(records[i]);
    for (int d = 0; d < digits; ++d) { ++count[static_cast<std::size_t>(d)][digit(of, d)]; }
  }
  for (int d = 0; d < digits; ++d) {
    auto& place = count[static_cast<std::size_t>(d)];
    if (n == 0 || place[digit(key_of(records[0]), d)] == n) { continue; }
    index_t next = 0;
    for (index_t& begin : place) { next += std::exchange(begin, next); }
    for (index_t i = 0; i < n; ++i) { other[place[digit(key_of(records[i]), d)]++] = records[i]; }
    std::swap(records, other);
  }
  return records;
}

template <class Key>
std::vector<indexed_key<Key>>& radix_sort(std::vector<indexed_key<Key>>& records,
                                          std::vector<indexed_key<Key>>& other)
{
  auto const* const sorted =
      radix_sort(records.data(), other.data(), static_cast<index_t>(records.size()),
                 [](indexed_key<Key> const& record) { return record.key; });
  return sorted == records.data() ? records : other;
}

}  // namespace prefopt::detail
