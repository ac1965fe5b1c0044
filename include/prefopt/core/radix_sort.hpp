// SPDX-License-Identifier: MIT
#pragma once
/// \file  Stable sorting of records by whole numbers, digit by digit, in the caller's memory.

#include <cstddef>
#include <cstdint>
#include <utility>

#include <prefopt/core/math.hpp>

namespace prefopt::detail {

/// Digits beyond the first so many are 0 in every key. Their number is known to the compiler, which
/// unrolls the loop that counts.
template <int Bits, int Digits, class Record, class KeyOf>
Record* radix_sort_by_digits(Record* records, Record* other, index_t n, KeyOf const& key_of)
{
  using key = decltype(key_of(*records));
  constexpr std::size_t buckets = std::size_t{1} << Bits;
  auto const digit = [](key of, int d) {
    return static_cast<std::size_t>(of >> (Bits * d)) & (buckets - 1);
  };
  index_t count[Digits][buckets] = {};
  for (index_t i = 0; i < n; ++i) {
    key const of = key_of(records[i]);
    for (int d = 0; d < Digits; ++d) { ++count[d][digit(of, d)]; }
  }
  for (int d = 0; d < Digits; ++d) {
    auto& place = count[d];
    if (n == 0 || place[digit(key_of(records[0]), d)] == n) { continue; }
    index_t next = 0;
    for (index_t& begin : place) { next += std::exchange(begin, next); }
    for (index_t i = 0; i < n; ++i) { other[place[digit(key_of(records[i]), d)]++] = records[i]; }
    std::swap(records, other);
  }
  return records;
}

template <int Bits, class Record, class KeyOf>
Record* radix_sort_below(Record* records, Record* other, index_t n, KeyOf const& key_of,
                         std::uint64_t largest)
{
  constexpr int most = (8 * static_cast<int>(sizeof(key_of(*records))) + Bits - 1) / Bits;
  if (largest >> Bits == 0) { return radix_sort_by_digits<Bits, 1>(records, other, n, key_of); }
  if (largest >> 2 * Bits == 0) { return radix_sort_by_digits<Bits, 2>(records, other, n, key_of); }
  return radix_sort_by_digits<Bits, most>(records, other, n, key_of);
}

/// Sorts n records by key_of(record), an unsigned number of 32 or 64 bits, in place or into
/// `other`, which has the same length: returns which of the two holds the result. Least significant
/// digit first (Knuth, TAOCP 3, 5.2.5): equal keys keep their order. No key is above `largest`.
template <class Record, class KeyOf>
Record* radix_sort(Record* records, Record* other, index_t n, KeyOf const& key_of,
                   std::uint64_t largest)
{
  // Counts of few records are mostly zeros: smaller digits then, sooner where as few of them do.
  bool const two_of_either = largest >> 11 != 0 && largest >> 16 == 0;
  return n < (two_of_either ? 2048 : 768)
             ? radix_sort_below<8>(records, other, n, key_of, largest)
             : radix_sort_below<11>(records, other, n, key_of, largest);
}

/// The same with keys of any size.
template <class Record, class KeyOf>
Record* radix_sort(Record* records, Record* other, index_t n, KeyOf const& key_of)
{
  using key = decltype(key_of(*records));
  return radix_sort(records, other, n, key_of, static_cast<key>(~key(0)));
}

}  // namespace prefopt::detail
