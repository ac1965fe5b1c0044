// SPDX-License-Identifier: MIT
#pragma once
/// \file  A random permutation of 0 .. n-1 that needs no memory: any element by itself, in O(1).

#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/philox.hpp>

namespace prefopt {

/// The seed of one of the streams that a seed has, by two numbers (for example phase and epoch).
PREFOPT_HD constexpr std::uint64_t derived_seed(std::uint64_t seed, index_t a, index_t b)
{
  philox_block const block =
      philox4x32({{static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(a >> 32),
                   static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(b >> 32)}},
                 static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
  return block.word[0] | (std::uint64_t{block.word[1]} << 32);
}

/// A bijection of 0 .. size-1 chosen by a seed: the same on every machine, host or device.
///
/// A Feistel network over a table of rows and columns that just holds `size` cells, its round keys
/// from Philox: each coordinate in turn is moved by a hash of the other. The few cells beyond
/// `size` (less than one row) are encrypted again until they fall inside (cycle walking). The table
/// is never smaller than 8 by 8, since with fewer rows or columns some orders of few elements come
/// up far more often than others. For shuffling, not for secrets. size <= 2^62.
class permutation {
 public:
  PREFOPT_HD constexpr permutation(index_t size, std::uint64_t seed) : size_(size)
  {
    while ((index_t{1} << (2 * column_bits_)) < size) { ++column_bits_; }
    auto const needed = static_cast<std::uint64_t>((size + column_mask()) >> column_bits_);
    rows_ = needed < 8 ? 8 : needed;
    for (std::uint32_t k = 0; k < rounds / 4; ++k) {
      philox_block const words = philox4x32({{k, 0, 0, 0}}, static_cast<std::uint32_t>(seed),
                                            static_cast<std::uint32_t>(seed >> 32));
      for (int i = 0; i < 4; ++i) { key_[4 * k + static_cast<std::uint32_t>(i)] = words.word[i]; }
    }
  }

  PREFOPT_HD constexpr index_t size() const { return size_; }

  /// Where element i goes; 0 <= i < size().
  PREFOPT_HD constexpr index_t operator()(index_t i) const
  {
    do {
      i = encrypt(i);
    } while (i >= size_);
    return i;
  }

 private:
  static constexpr std::uint32_t rounds = 8;

  PREFOPT_HD constexpr index_t column_mask() const { return (index_t{1} << column_bits_) - 1; }

  /// A hash of x in [0, range), range <= 2^32; the multiplications of Wellons' lowbias32. The
  /// upper half of the last product reduces the range without a division.
  PREFOPT_HD static constexpr std::uint64_t hash(std::uint64_t x, std::uint32_t key,
                                                 std::uint64_t range)
  {
    auto h = static_cast<std::uint32_t>(x) + key;
    h = (h ^ (h >> 16)) * 0x7FEB352Du;
    h = (h ^ (h >> 15)) * 0x846CA68Bu;
    return (h * range) >> 32;
  }

  PREFOPT_HD constexpr index_t encrypt(index_t i) const
  {
    auto row = static_cast<std::uint64_t>(i >> column_bits_);
    auto column = static_cast<std::uint64_t>(i & column_mask());
    std::uint64_t const columns = std::uint64_t{1} << column_bits_;
    for (std::uint32_t k = 0; k < rounds; k += 2) {
      row += hash(column, key_[k], rows_);
      row -= row >= rows_ ? rows_ : 0;
      column ^= hash(row, key_[k + 1], columns);
    }
    return static_cast<index_t>((row << column_bits_) | column);
  }

  index_t size_;
  int column_bits_ = 3;
  std::uint64_t rows_ = 8;
  std::uint32_t key_[rounds] = {};
};

}  // namespace prefopt
