// SPDX-License-Identifier: MIT
#pragma once
/// \file  A sum of doubles without rounding, so that it does not matter how a batch is split.

#include <bit>
#include <cmath>
#include <cstdint>

#include <prefopt/core/math.hpp>

namespace prefopt {

/// The sum of any doubles as one integer of 2176 bits, in units of 2^-1074 (Kulisch's long
/// accumulator).
///
/// `push` and `merge` form a commutative monoid with identity `exact_sum{}` without any rounding:
/// every split over micro-batches and ranks, in every order, gives the same state, bit for bit.
/// Sums of up to 2^77 doubles do not overflow on the way. Infinities and NaN are remembered and
/// come out as IEEE addition would have them. Trivially copyable, 280 bytes; host only.
class exact_sum {
 public:
  void push(double x)
  {
    constexpr std::uint64_t implicit_bit = std::uint64_t{1} << 52;
    auto const bits = std::bit_cast<std::uint64_t>(x);
    auto const exponent = static_cast<int>((bits >> 52) & 0x7FFu);
    bool const negative = (bits >> 63) != 0;
    std::uint64_t mantissa = bits & (implicit_bit - 1);
    if (exponent == 0x7FF) {
      special_ |= mantissa != 0 ? not_a_number : negative ? minus_infinity : plus_infinity;
      return;
    }
    if (exponent != 0) { mantissa |= implicit_bit; }
    int const shift = exponent == 0 ? 0 : exponent - 1;
    int const offset = shift % 64;
    std::uint64_t const low = mantissa << offset;
    std::uint64_t const high = offset == 0 ? 0 : mantissa >> (64 - offset);
    if (negative) {
      subtract(shift / 64, low, high);
    } else {
      add(shift / 64, low, high);
    }
  }

  void merge(exact_sum const& other)
  {
    std::uint64_t carry = 0;
    for (int k = 0; k < words; ++k) {
      std::uint64_t const sum = word_[k] + other.word_[k];
      std::uint64_t const total = sum + carry;
      carry = static_cast<std::uint64_t>(sum < word_[k]) | static_cast<std::uint64_t>(total < sum);
      word_[k] = total;
    }
    special_ |= other.special_;
  }

  /// The sum, rounded once, to nearest even; infinite only where the sum itself is out of range.
  double value() const
  {
    if (special_ != 0) { return special_value(); }
    exact_sum magnitude = *this;
    bool const negative = (word_[words - 1] >> 63) != 0;
    if (negative) { magnitude.negate(); }
    double const rounded = magnitude.round();
    return negative ? -rounded : rounded;
  }

  /// What `value()` rounded away, itself rounded: the pair has twice the digits. 0 where the value
  /// is infinite or NaN.
  double rest() const
  {
    double const rounded = value();
    if (!(std::abs(rounded) < infinity_v<double>)) { return 0; }
    exact_sum difference = *this;
    difference.push(-rounded);
    return difference.value();
  }

  bool operator==(exact_sum const&) const = default;

 private:
  static constexpr int words = 34;
  static constexpr std::uint64_t not_a_number = 1, plus_infinity = 2, minus_infinity = 4;

  void add(int k, std::uint64_t low, std::uint64_t high)
  {
    word_[k] += low;
    std::uint64_t carry = word_[k] < low ? 1 : 0;
    high += carry;  // at most 2^52 before
    word_[k + 1] += high;
    carry = word_[k + 1] < high ? 1 : 0;
    for (k += 2; carry != 0 && k < words; ++k) { carry = ++word_[k] == 0 ? 1 : 0; }
  }

  void subtract(int k, std::uint64_t low, std::uint64_t high)
  {
    std::uint64_t borrow = word_[k] < low ? 1 : 0;
    word_[k] -= low;
    high += borrow;
    borrow = word_[k + 1] < high ? 1 : 0;
    word_[k + 1] -= high;
    for (k += 2; borrow != 0 && k < words; ++k) { borrow = word_[k]-- == 0 ? 1 : 0; }
  }

  void negate()
  {
    std::uint64_t carry = 1;
    for (auto& word : word_) {
      word = ~word + carry;
      carry = carry != 0 && word == 0 ? 1 : 0;
    }
  }

  double special_value() const
  {
    bool const both = (special_ & plus_infinity) != 0 && (special_ & minus_infinity) != 0;
    if ((special_ & not_a_number) != 0 || both) { return quiet_nan_v<double>; }
    return (special_ & plus_infinity) != 0 ? infinity_v<double> : -infinity_v<double>;
  }

  bool bit(int position) const { return ((word_[position / 64] >> (position % 64)) & 1u) != 0; }

  /// Of a sum that is not negative.
  double round() const
  {
    int top = words - 1;
    while (top >= 0 && word_[top] == 0) { --top; }
    if (top < 0) { return 0; }
    int const highest = 64 * top + 63 - std::countl_zero(word_[top]);
    if (highest <= 52) { return std::ldexp(static_cast<double>(word_[0]), -1074); }
    int const lowest = highest - 52;  // of the 53 bits that stay
    int const k = lowest / 64;
    int const offset = lowest % 64;
    std::uint64_t mantissa = word_[k] >> offset;
    if (offset > 11) { mantissa |= word_[k + 1] << (64 - offset); }
    mantissa &= (std::uint64_t{1} << 53) - 1;
    if (bit(lowest - 1)) {
      bool more = (mantissa & 1u) != 0;
      for (int j = 0; j < lowest - 1 && !more; ++j) { more = bit(j); }
      mantissa += more ? 1 : 0;
    }
    return std::ldexp(static_cast<double>(mantissa), lowest - 1074);
  }

  std::uint64_t word_[words] = {};  // two's complement, least significant first
  std::uint64_t special_ = 0;
};

}  // namespace prefopt
