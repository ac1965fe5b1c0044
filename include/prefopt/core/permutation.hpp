// SPDX-License-Identifier: MIT
#pragma once
/// \file  A random permutation of 0 .. n-1 that needs no memory: any element by itself, in O(1).

#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/philox.hpp>
#include <prefopt/core/registers.hpp>

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
    auto const needed = static_cast<std::uint32_t>((size + column_mask()) >> column_bits_);
    rows_ = needed < 8 ? 8 : needed;
    for (std::uint32_t k = 0; k < rounds / 4; ++k) {
      philox_block const words = philox4x32({{k, 0, 0, 0}}, static_cast<std::uint32_t>(seed),
                                            static_cast<std::uint32_t>(seed >> 32));
      for (std::uint32_t i = 0; i < 4; ++i) { key_[4 * k + i] = words.word[i]; }
    }
  }

  PREFOPT_HD constexpr index_t size() const { return size_; }

  /// Where element i goes; 0 <= i < size().
  PREFOPT_HD constexpr index_t operator()(index_t i) const
  {
    do {
      cells<1, void> cell{};
      load(cell, &i);
      encrypt(cell);
      store(cell, &i);
    } while (i >= size_);
    return i;
  }

  /// Replaces `count` elements by where they go, as operator() says, in the vector registers of the
  /// processor: many times its speed. Host code.
  template <class Target = detail::compile_target>
  void apply(index_t* elements, index_t count) const
  {
    widest_registers<Target>::call([this, elements, count]<class Width>(Width) {
      index_t i = 0;
      for (; i + 64 <= count; i += 64) { this->template apply_lanes<64, Width>(elements + i); }
      for (; i < count; i += 16) {
        index_t const part = min(count - i, index_t{16});
        index_t rest[16] = {};
        for (index_t k = 0; k < part; ++k) { rest[k] = elements[i + k]; }
        this->template apply_lanes<16, Width>(rest);
        for (index_t k = 0; k < part; ++k) { elements[i + k] = rest[k]; }
      }
    });
  }

 private:
  static constexpr int rounds = 8;

  /// Coordinates of several elements; both are below 2^31. The target keeps the loops over them of
  /// files that were compiled for different machines apart.
  template <int Lanes, class Target>
  struct cells {
    std::uint32_t row[Lanes], column[Lanes];
  };

  PREFOPT_HD constexpr std::uint32_t column_mask() const
  {
    return (std::uint32_t{1} << column_bits_) - 1;
  }

  /// A hash of x; the multiplications of Wellons' lowbias32.
  PREFOPT_HD static constexpr std::uint32_t hash(std::uint32_t x, std::uint32_t key)
  {
    x += key;
    x = (x ^ (x >> 16)) * 0x7FEB352Du;
    return (x ^ (x >> 15)) * 0x846CA68Bu;
  }

  template <int Lanes, class Target>
  PREFOPT_HD constexpr void load(cells<Lanes, Target>& cell, index_t const* elements) const
  {
    for (int i = 0; i < Lanes; ++i) {
      cell.row[i] = static_cast<std::uint32_t>(elements[i] >> column_bits_);
      cell.column[i] = static_cast<std::uint32_t>(elements[i]) & column_mask();
    }
  }
  template <int Lanes, class Target>
  PREFOPT_HD constexpr void store(cells<Lanes, Target> const& cell, index_t* elements) const
  {
    for (int i = 0; i < Lanes; ++i) {
      elements[i] = (static_cast<index_t>(cell.row[i]) << column_bits_) | cell.column[i];
    }
  }

  /// The upper half of the product with a range reduces a hash to it without a division; for a
  /// power of two that is a shift.
  template <int Lanes, class Target>
  PREFOPT_HD constexpr void encrypt(cells<Lanes, Target>& cell) const
  {
    int const shift = 32 - column_bits_;
    for (int k = 0; k < rounds; k += 2) {
      for (int i = 0; i < Lanes; ++i) {
        std::uint64_t const product = std::uint64_t{hash(cell.column[i], key_[k])} * rows_;
        std::uint32_t const row = cell.row[i] + static_cast<std::uint32_t>(product >> 32);
        cell.row[i] = min(row, row - rows_);  // row - rows_ wraps around where row < rows_
        cell.column[i] ^= hash(cell.row[i], key_[k + 1]) >> shift;
      }
    }
  }

  template <int Lanes, class Target>
  void apply_lanes(index_t* elements) const
  {
    cells<Lanes, Target> cell;
    load(cell, elements);
    encrypt(cell);
    store(cell, elements);
    bool outside = false;
    for (int i = 0; i < Lanes; ++i) { outside |= elements[i] >= size_; }
    if (!outside) { return; }
    for (int i = 0; i < Lanes; ++i) {
      if (elements[i] >= size_) { elements[i] = (*this)(elements[i]); }
    }
  }

  index_t size_;
  int column_bits_ = 3;
  std::uint32_t rows_ = 8;
  std::uint32_t key_[rounds] = {};
};

}  // namespace prefopt
