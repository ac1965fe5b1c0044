// SPDX-License-Identifier: MIT
#pragma once
/// \file  Packs: as many numbers as a vector register holds, as one scalar. Host code only.

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// One truth value per lane. It does not convert to bool: formulas say `select(condition, a, b)`.
/// Conditions combine by `&&`, `||` and `!`, which evaluate both sides, as for plain numbers.
template <class T, int N, class Target = detail::compile_target>
struct pack_mask {
  using integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef integer vector __attribute__((vector_size(N * sizeof(T))));

  vector lanes;

  pack_mask(vector const& v) : lanes(v) {}
  // As pack's. NOLINTNEXTLINE(modernize-use-equals-default)
  pack_mask(pack_mask const& other) : lanes(other.lanes) {}
  // NOLINTNEXTLINE(modernize-use-equals-default)
  pack_mask& operator=(pack_mask const& other)
  {
    lanes = other.lanes;
    return *this;
  }

  template <class Mask = pack_mask>
  explicit operator bool() const
  {
    static_assert(!std::is_same_v<Mask, pack_mask>,
                  "prefopt: a comparison of packs has one answer per sample; write "
                  "select(condition, a, b) instead of `if` or `?:`");
    return false;
  }

  friend pack_mask operator&&(pack_mask const& a, pack_mask const& b)
  {
    return is_foreign ? a.lanes + b.lanes < -1 : a.lanes & b.lanes;
  }
  friend pack_mask operator||(pack_mask const& a, pack_mask const& b)
  {
    return is_foreign ? a.lanes + b.lanes < 0 : a.lanes | b.lanes;
  }
  friend pack_mask operator!(pack_mask const& a) { return {~a.lanes}; }

 private:
  /// Wider than the file's own registers (core/registers.hpp). Of such comparisons that are
  /// combined bit by bit, gcc takes the lanes apart; of sums of the 0s and -1s it does not.
  static constexpr bool is_foreign = N * sizeof(T) > Target::vector_bytes;
};

/// N numbers that are computed together. N must be what the registers of the innermost function
/// hold that is not inlined: compilers split wider vectors at a heavy cost. `Target` keeps the
/// packs of files that were compiled for different machines apart.
template <class T, int N, class Target = detail::compile_target>
struct pack {
  typedef T vector __attribute__((vector_size(N * sizeof(T))));
  using mask = pack_mask<T, N, Target>;

  vector lanes{};

  pack() = default;
  pack(vector const& v) : lanes(v) {}
  // Not trivial, so that every function passes packs through memory, whatever it is compiled for: a
  // plain vector would travel in registers that only the functions of core/registers.hpp have.
  // NOLINTNEXTLINE(modernize-use-equals-default)
  pack(pack const& other) : lanes(other.lanes) {}
  // NOLINTNEXTLINE(modernize-use-equals-default)
  pack& operator=(pack const& other)
  {
    lanes = other.lanes;
    return *this;
  }
  template <class Number>
    requires std::is_arithmetic_v<Number>
  pack(Number v)  // implicit: constants fill every lane
  {
    if constexpr (sizeof(vector) <= Target::vector_bytes) {
      lanes = static_cast<T>(v) - vector{};
    } else {
      // There gcc would fill the vector lane by lane, where the file has no such registers.
      T filled[N];
      for (T& lane : filled) { lane = static_cast<T>(v); }
      std::memcpy(&lanes, filled, sizeof lanes);
    }
  }

  /// N consecutive numbers.
  void load(T const* from) { std::memcpy(&lanes, from, sizeof lanes); }
  void store(T* to) const { std::memcpy(to, &lanes, sizeof lanes); }

  /// Fills `count` lanes from memory; the others keep what they hold.
  void load(T const* from, index_t stride, index_t count)
  {
    for (index_t k = 0; k < count; ++k) { lanes[k] = from[k * stride]; }
  }
  void store(T* to, index_t stride, index_t count) const
  {
    for (index_t k = 0; k < count; ++k) { to[k * stride] = lanes[k]; }
  }

  friend pack operator+(pack const& a, pack const& b) { return a.lanes + b.lanes; }
  friend pack operator-(pack const& a, pack const& b) { return a.lanes - b.lanes; }
  friend pack operator*(pack const& a, pack const& b) { return a.lanes * b.lanes; }
  friend pack operator/(pack const& a, pack const& b) { return a.lanes / b.lanes; }
  friend pack operator-(pack const& a) { return -a.lanes; }

  /// a b + c in one expression, which compilers may round once.
  friend pack mul_add(pack const& a, pack const& b, pack const& c)
  {
    return a.lanes * b.lanes + c.lanes;
  }

  friend mask operator<(pack const& a, pack const& b) { return {a.lanes < b.lanes}; }
  friend mask operator>(pack const& a, pack const& b) { return {a.lanes > b.lanes}; }
  friend mask operator<=(pack const& a, pack const& b) { return {a.lanes <= b.lanes}; }
  friend mask operator>=(pack const& a, pack const& b) { return {a.lanes >= b.lanes}; }
  friend mask operator==(pack const& a, pack const& b) { return {a.lanes == b.lanes}; }

  friend pack select(mask const& condition, pack const& a, pack const& b)
  {
    return condition.lanes ? a.lanes : b.lanes;
  }
  friend pack negative_abs(pack const& a)
  {
    using bits = typename mask::vector;
    typename mask::integer const sign = std::numeric_limits<typename mask::integer>::min();
    return __builtin_bit_cast(vector, __builtin_bit_cast(bits, a.lanes) | sign);
  }
};

/// The pack of T that fills one register of the target this file is compiled for; T itself where
/// there are no packs.
template <class T, class Target = detail::compile_target>
using native_pack =
    std::conditional_t<Target::has_packs,
                       pack<T, Target::vector_bytes / static_cast<int>(sizeof(T)), Target>, T>;

/// Samples in one value: the lanes of a pack, 1 for a plain number.
template <class Value>
inline constexpr index_t lanes_of = 1;
template <class T, int N>
inline constexpr index_t lanes_of<pack<T, N>> = N;

namespace detail {

/// Asks for the `bytes` that a loop will read `ahead` bytes on: for one column, two pages, which
/// processors do not cross by themselves. As an integer, because the address may lie behind it.
inline void prefetch(void const* at, index_t bytes, std::uintptr_t ahead = 8192)
{
  auto const address = reinterpret_cast<std::uintptr_t>(at) + ahead;
  for (index_t byte = 0; byte < bytes; byte += 64) {
    __builtin_prefetch(reinterpret_cast<void const*>(  // NOLINT(performance-no-int-to-ptr)
        address + static_cast<std::uintptr_t>(byte)));
  }
}

/// The lower (0) or upper (1) lanes.
template <int Half, class T, int N>
pack<T, N / 2> half_of(pack<T, N> const& x)
{
  pack<T, N / 2> half;
  std::memcpy(&half.lanes, reinterpret_cast<char const*>(&x.lanes) + Half * sizeof half.lanes,
              sizeof half.lanes);
  return half;
}

}  // namespace detail

// Lanes are combined half by half: one after the other they would wait for each other.

/// Sum of the lanes in double.
template <class T, int N>
double sum_lanes(pack<T, N> const& x)
{
  if constexpr (N > 2) {
    using doubles = pack<double, N / 2>;
    auto const low = __builtin_convertvector(detail::half_of<0>(x).lanes, typename doubles::vector);
    auto const high =
        __builtin_convertvector(detail::half_of<1>(x).lanes, typename doubles::vector);
    return sum_lanes(doubles(low) + doubles(high));
  } else {
    auto total = static_cast<double>(x.lanes[0]);
    for (int i = 1; i < N; ++i) { total += static_cast<double>(x.lanes[i]); }
    return total;
  }
}

/// The largest lane, where none is NaN.
template <class T, int N>
T max_lane(pack<T, N> const& x)
{
  if constexpr (N > 2) {
    return max_lane(max(detail::half_of<0>(x), detail::half_of<1>(x)));
  } else {
    T largest = x.lanes[0];
    for (int i = 1; i < N; ++i) { largest = max(largest, x.lanes[i]); }
    return largest;
  }
}

/// Whether the condition holds in any lane.
template <class T, int N>
bool any_lane(pack_mask<T, N> const& condition)
{
  constexpr int words = N * static_cast<int>(sizeof(T)) / 8;
  std::uint64_t word[words];
  std::memcpy(word, &condition.lanes, sizeof word);
  std::uint64_t found = 0;
  for (int i = 0; i < words; ++i) { found |= word[i]; }
  return found != 0;
}

}  // namespace prefopt
PREFOPT_INLINED_END
