// SPDX-License-Identifier: MIT
#pragma once
/// \file  Logits in memory from and to fp32 packs: fp32, bf16 and fp16, two packs at a time.

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <prefopt/core/pack.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/probability.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt::detail {

/// Element types that have a vector path.
template <class Stored>
inline constexpr bool is_packable =
    std::is_same_v<Stored, float> ||
    (half_format_of<Stored> != half_format::none && sizeof(Stored) == 2);

/// Rows of such logits whose gradient, of the same width, is written from packs.
template <class In, class Out>
inline constexpr bool has_packed_gradient =
    is_packable<std::remove_const_t<In>> && is_packable<Out> && sizeof(In) == sizeof(Out);

/// `decode_float16` on lanes.
template <class Reals>
Reals decode_float16_lanes(typename pack_bits<Reals>::vector const& half)
{
  auto const sign = (half & 0x8000u) << 16;
  auto const size = (half & 0x7fffu) << 13;
  auto const scaled = as_bits(as_reals<Reals>(size) * Reals(0x1p112f)).lanes;
  return as_reals<Reals>(sign | (size >= 0x0f800000u ? size | 0x70000000u : scaled));
}

/// `encode_bfloat16` on lanes, in their upper 16 bits. NaN stays NaN where it is the usual one, or
/// its lower 16 bits are 0 as those of a bf16 NaN: all that arithmetic makes of bf16 numbers.
template <class Reals>
pack_bits<Reals> rounded_bfloat16_lanes(Reals const& x)
{
  auto const bits = as_bits(x).lanes;
  return bits + (((bits >> 16) & 1u) + 0x7fffu);
}

/// `encode_float16` on lanes, in the lower 16 bits.
template <class Reals>
pack_bits<Reals> encode_float16_lanes(Reals const& x)
{
  auto const bits = as_bits(x).lanes;
  auto const sign = (bits >> 16) & 0x8000u;
  auto const size = bits & 0x7fffffffu;
  auto const tiny = as_bits(as_reals<Reals>(size) + Reals(0.5f)).lanes - 0x3f000000u;
  auto half = (size - 0x38000000u + 0xfffu + ((size >> 13) & 1u)) >> 13;
  half = size < 0x38800000u ? tiny : half;
  half = size >= 0x477ff000u ? half - half + 0x7c00u : half;
  half = x.lanes == x.lanes ? half : 0x7e00u | ((size >> 13) & 0x3ffu);
  return sign | half;
}

/// Two packs of consecutive logits, each logit in some lane of one of them. A pair of 16-bit
/// numbers is one lane of integers, so even ones go to `first` and odd ones to `second`: widening
/// in memory order would cost shuffles, and no row operation asks for the order. What was loaded as
/// 16-bit (fp32) numbers must be stored as 16-bit (fp32) numbers.
template <class Reals>
struct pack_pair {
  static constexpr index_t size = 2 * lanes_of<Reals>;

  Reals first;
  Reals second;
};

template <class Reals, class Stored>
pack_pair<Reals> load_pair(Stored const* from)
{
  if constexpr (std::is_same_v<Stored, float>) {
    pack_pair<Reals> x;
    x.first.load(from);
    x.second.load(from + lanes_of<Reals>);
    return x;
  } else {
    typename pack_bits<Reals>::vector both;
    std::memcpy(&both, from, sizeof both);
    if constexpr (half_format_of<Stored> == half_format::bfloat16) {
      return {as_reals<Reals>(both << 16), as_reals<Reals>(both & 0xffff0000u)};
    } else {
      return {decode_float16_lanes<Reals>(both & 0xffffu), decode_float16_lanes<Reals>(both >> 16)};
    }
  }
}

/// 16-bit numbers in memory order.
template <class Reals, class Stored>
Reals load_in_order(Stored const* from)
{
  typedef std::uint16_t halves __attribute__((vector_size(sizeof(Reals) / 2)));
  halves narrow;
  std::memcpy(&narrow, from, sizeof narrow);
  auto const wide = __builtin_convertvector(narrow, typename pack_bits<Reals>::vector);
  if constexpr (half_format_of<Stored> == half_format::bfloat16) {
    return as_reals<Reals>(wide << 16);
  } else {
    return decode_float16_lanes<Reals>(wide);
  }
}

/// `load_pair` in the lanes where `load_pair` of an `Other` has the same places of a row.
template <class Reals, class Other, class Stored>
pack_pair<Reals> load_pair_beside(Stored const* from)
{
  if constexpr (sizeof(Stored) == sizeof(Other)) {
    return load_pair<Reals>(from);
  } else {
    static_assert(std::is_same_v<Other, float>);
    return {load_in_order<Reals>(from), load_in_order<Reals>(from + lanes_of<Reals>)};
  }
}

/// What becomes of numbers half way between two bf16 numbers. Scalars are rounded to even
/// (half.hpp); NaN must be one that `rounded_bfloat16_lanes` keeps, for both.
enum class ties {
  to_even,
  away  ///< from 0: fewer steps; for numbers with an error of their own, that know no half way
};

/// Two packs as one of 16-bit numbers; fp16 knows ties to even only.
template <class Stored, ties Ties = ties::to_even, class Reals>
pack_bits<Reals> encode_pair(pack_pair<Reals> const& x)
{
  static_assert(Ties == ties::to_even || half_format_of<Stored> == half_format::bfloat16);
  if constexpr (half_format_of<Stored> == half_format::bfloat16) {
    auto const rounded = [](Reals const& lanes) {
      if constexpr (Ties == ties::away) {
        return pack_bits<Reals>(as_bits(lanes).lanes + 0x8000u);
      } else {
        return rounded_bfloat16_lanes(lanes);
      }
    };
    auto const first = rounded(x.first).lanes >> 16;
    return first | (rounded(x.second).lanes & 0xffff0000u);
  } else {
    return encode_float16_lanes(x.first).lanes | (encode_float16_lanes(x.second).lanes << 16);
  }
}

template <class Reals, ties Ties = ties::to_even, class Stored>
void store_pair(Stored* to, pack_pair<Reals> const& x)
{
  if constexpr (std::is_same_v<Stored, float>) {
    x.first.store(to);
    x.second.store(to + lanes_of<Reals>);
  } else {
    pack_bits<Reals> const both = encode_pair<Stored, Ties>(x);
    std::memcpy(static_cast<void*>(to), &both.lanes, sizeof both.lanes);
  }
}

/// `store_pair` past the caches, to a multiple of the packs' bytes; `finish_streaming()` after the
/// last.
template <class Reals, ties Ties = ties::to_even, class Stored>
void stream_pair(Stored* to, pack_pair<Reals> const& x)
{
  if constexpr (std::is_same_v<Stored, float>) {
    stream_vector(to, x.first.lanes);
    stream_vector(to + lanes_of<Reals>, x.second.lanes);
  } else {
    stream_vector(to, encode_pair<Stored, Ties>(x).lanes);
  }
}

/// Numbers in memory order, the one with index `at` replaced, where there is one.
template <class Reals, class Stored>
pack_bits<Reals> with_number(pack_bits<Reals> const& numbers, index_t at, Stored number)
{
  constexpr bool is_half = sizeof(Stored) < sizeof(std::uint32_t);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &number, sizeof number);
  typename pack_bits<Reals>::vector place;
  for (int k = 0; k < lanes_of<Reals>; ++k) { place[k] = static_cast<std::uint32_t>(k); }
  auto const lane = static_cast<std::uint32_t>(is_half ? at >> 1 : at);
  std::uint32_t const shift = is_half ? 16 * (static_cast<std::uint32_t>(at) & 1u) : 0;
  std::uint32_t const others = is_half ? 0xffff0000u >> shift : 0;
  return place == lane ? (numbers.lanes & others) | (bits << shift) : numbers.lanes;
}

/// `stream_pair` with the number `at` of the pair replaced.
template <class Reals, ties Ties = ties::to_even, class Stored>
void stream_pair_with(Stored* to, pack_pair<Reals> const& x, index_t at, Stored number)
{
  if constexpr (std::is_same_v<Stored, float>) {
    constexpr index_t lanes = lanes_of<Reals>;
    stream_vector(to, with_number<Reals>(as_bits(x.first), at, number).lanes);
    stream_vector(to + lanes, with_number<Reals>(as_bits(x.second), at - lanes, number).lanes);
  } else {
    stream_vector(to, with_number<Reals>(encode_pair<Stored, Ties>(x), at, number).lanes);
  }
}

/// The end of a row, padded with masked logits to one step.
template <class Reals, class Stored, index_t Step = pack_pair<Reals>::size>
struct padded_tail {
  Stored at[Step];

  padded_tail(Stored const* from, index_t count)
  {
    Stored const masked = from_real<Stored>(-infinity_v<float>);
    for (Stored& x : at) { x = masked; }
    if (count > 0) {
      std::memcpy(static_cast<void*>(at), from, static_cast<std::size_t>(count) * sizeof(Stored));
    }
  }
};

}  // namespace prefopt::detail
PREFOPT_INLINED_END
