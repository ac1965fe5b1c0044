// SPDX-License-Identifier: MIT
#pragma once
/// \file  16-bit storage for logits: bf16, fp16, and any foreign type with the same bits.

#include <cstdint>
#include <type_traits>

#include <prefopt/config.hpp>

namespace prefopt {

/// How 16 bits spell a number.
enum class half_format {
  none,      ///< not a 16-bit number
  bfloat16,  ///< 1 + 8 + 7 bits: the upper half of an fp32
  float16    ///< 1 + 5 + 10 bits: IEEE binary16
};

/// Says what the bits of T mean. Specialise it for a foreign 16-bit type (c10::BFloat16,
/// __half ...), and rows of it take the vector path of the host; such a type must also convert
/// from and to float.
template <class T>
inline constexpr half_format half_format_of = half_format::none;

namespace detail {

PREFOPT_HD constexpr float bits_to_float(std::uint32_t bits)
{
  return __builtin_bit_cast(float, bits);
}
PREFOPT_HD constexpr std::uint32_t float_to_bits(float v)
{
  return __builtin_bit_cast(std::uint32_t, v);
}

/// Nearest bf16, ties to even; NaN stays NaN.
PREFOPT_HD constexpr std::uint16_t encode_bfloat16(float v)
{
  std::uint32_t const bits = float_to_bits(v);
  if (v != v) { return static_cast<std::uint16_t>((bits >> 16) | 0x40u); }
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
PREFOPT_HD constexpr float decode_bfloat16(std::uint16_t half)
{
  return bits_to_float(static_cast<std::uint32_t>(half) << 16);
}

/// Nearest fp16, ties to even; above 65520 infinity; NaN stays NaN.
PREFOPT_HD constexpr std::uint16_t encode_float16(float v)
{
  std::uint32_t const bits = float_to_bits(v);
  auto const sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  std::uint32_t const size = bits & 0x7fffffffu;
  std::uint32_t half = 0;
  if (v != v) {
    half = 0x7e00u | ((size >> 13) & 0x3ffu);
  } else if (size >= 0x477ff000u) {  // 65520 and above
    half = 0x7c00u;
  } else if (size < 0x38800000u) {  // below 2^-14: the addition rounds to multiples of 2^-24
    half = float_to_bits(bits_to_float(size) + 0.5f) - 0x3f000000u;
  } else {
    half = (size - 0x38000000u + 0xfffu + ((size >> 13) & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}
PREFOPT_HD constexpr float decode_float16(std::uint16_t half)
{
  std::uint32_t const sign = (half & 0x8000u) << 16;
  std::uint32_t const size = (half & 0x7fffu) << 13;
  // Infinity and NaN keep the largest exponent; all else is scaled up by 2^(127 - 15).
  std::uint32_t const bits =
      size >= 0x0f800000u ? size | 0x70000000u : float_to_bits(bits_to_float(size) * 0x1p112f);
  return bits_to_float(sign | bits);
}

}  // namespace detail

/// bf16 storage, bit for bit `__nv_bfloat16` and `c10::BFloat16`. Numbers are rounded to nearest,
/// ties to even; arithmetic is done in fp32 or fp64.
struct bfloat16 {
  std::uint16_t bits;

  bfloat16() = default;
  PREFOPT_HD constexpr explicit bfloat16(float v) : bits(detail::encode_bfloat16(v)) {}
  PREFOPT_HD constexpr explicit operator float() const { return detail::decode_bfloat16(bits); }
};

/// fp16 storage, bit for bit `__half` and `c10::Half`.
struct float16 {
  std::uint16_t bits;

  float16() = default;
  PREFOPT_HD constexpr explicit float16(float v) : bits(detail::encode_float16(v)) {}
  PREFOPT_HD constexpr explicit operator float() const { return detail::decode_float16(bits); }
};

template <>
inline constexpr half_format half_format_of<bfloat16> = half_format::bfloat16;
template <>
inline constexpr half_format half_format_of<float16> = half_format::float16;

namespace detail {

/// A stored element as the number to compute with. 16-bit types go through float: foreign ones
/// convert to several arithmetic types, and not all unambiguously to double.
template <class Real, class Stored>
PREFOPT_HD constexpr Real to_real(Stored const& v)
{
  if constexpr (std::is_arithmetic_v<Stored>) {
    return static_cast<Real>(v);
  } else {
    return static_cast<Real>(static_cast<float>(v));
  }
}

template <class Stored, class Real>
PREFOPT_HD constexpr Stored from_real(Real v)
{
  if constexpr (std::is_arithmetic_v<Stored>) {
    return static_cast<Stored>(v);
  } else {
    return static_cast<Stored>(static_cast<float>(v));
  }
}

}  // namespace detail
}  // namespace prefopt
