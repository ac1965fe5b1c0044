// SPDX-License-Identifier: MIT
#pragma once
/// \file  Stable sorting of scores with their indices, digit by digit.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace prefopt::detail {

/// Bits of a score in its order: a < b as numbers exactly if order_key(a) < order_key(b). -0 is 0;
/// not for NaN, so that no key has all bits set.
template <class Real>
auto order_key(Real score)
{
  using key = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
  static_assert(sizeof(Real) == sizeof(key), "prefopt: scores in files are float or double");
  key const sign = key(1) << (8 * sizeof(key) - 1);
  key const bits = std::bit_cast<key>(static_cast<Real>(score + Real(0)));
  return static_cast<key>((bits & sign) != 0 ? ~bits : bits | sign);
}

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
