// SPDX-License-Identifier: MIT
#pragma once
/// \file  Stable sorting of records by whole numbers, digit by digit, in the caller's memory.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <prefopt/core/math.hpp>

namespace prefopt::detail {

template <int Bits, class Record, class KeyOf>
Record* radix_sort_by_digits(Record* records, Record* other, index_t n, KeyOf const& key_of,
                             int used)
{
  using key = decltype(key_of(*records));
  constexpr int most = (8 * static_cast<int>(sizeof(key)) + Bits - 1) / Bits;
  constexpr std::size_t buckets = std::size_t{1} << Bits;
  auto const digit = [](key of, int d) {
    return static_cast<std::size_t>(of >> (Bits * d)) & (buckets - 1);
  };
  int const digits = (used + Bits - 1) / Bits;
  index_t count[most][buckets];
  for (int d = 0; d < digits; ++d) {
    for (index_t& of_digit : count[d]) { of_digit = 0; }
  }
  for (index_t i = 0; i < n; ++i) {
    key const of = key_of(records[i]);
    for (int d = 0; d < digits; ++d) { ++count[d][digit(of, d)]; }
  }
  for (int d = 0; d < digits; ++d) {
    auto& place = count[d];
    if (n == 0 || place[digit(key_of(records[0]), d)] == n) { continue; }
    index_t next = 0;
    for (index_t& begin : place) { next += std::exchange(begin, next); }
    for (index_t i = 0; i < n; ++i) { other[place[digit(key_of(records[i]), d)]++] = records[i]; }
    std::swap(records, other);
  }
  return records;
}

/// Sorts n records by key_of(record), an unsigned number of 32 or 64 bits, in place or into
/// `other`, which has the same length: returns which of the two holds the result. Least significant
/// digit first (Knuth, TAOCP 3, 5.2.5): equal keys keep their order. No key is above `largest`.
template <class Record, class KeyOf>
Record* radix_sort(Record* records, Record* other, index_t n, KeyOf const& key_of,
                   std::uint64_t largest)
{
  int const used = static_cast<int>(std::bit_width(largest));
  // Counts of few records are mostly zeros: fewer then.
  return n < 2048 ? radix_sort_by_digits<8>(records, other, n, key_of, used)
                  : radix_sort_by_digits<11>(records, other, n, key_of, used);
}

/// The same with keys of any size.
template <class Record, class KeyOf>
Record* radix_sort(Record* records, Record* other, index_t n, KeyOf const& key_of)
{
  using key = decltype(key_of(*records));
  return radix_sort(records, other, n, key_of, static_cast<key>(~key(0)));
}

}  // namespace prefopt::detail
