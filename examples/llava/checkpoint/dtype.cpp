// SPDX-License-Identifier: MIT
#include "llava/checkpoint/dtype.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace llava {
namespace {

static_assert(std::endian::native == std::endian::little,
              "safetensors holds little-endian data; this reader copies it as it is");

struct dtype_row {
  std::string_view name;
  index_t bits;
};

// Indexed by the enumerators of dtype.
constexpr std::array<dtype_row, 22> table{{
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},
    {"I8", 8},      {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E5M2FNUZ", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E8M0", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},        {"BF16", 16},
    {"I32", 32},    {"U32", 32},    {"F32", 32},    {"C64", 64},        {"F64", 64},
    {"I64", 64},    {"U64", 64},
}};

[[noreturn]] void reject(dtype type)
{
  throw std::invalid_argument("expected elements of type F64, F32, F16 or BF16, got " +
                              std::string(name_of(type)));
}

float half_to_float(std::uint16_t half)
{
  std::uint32_t const sign = (half & 0x8000u) << 16;
  std::uint32_t const exponent = (half >> 10) & 31u;
  std::uint32_t const mantissa = half & 1023u;
  if (exponent == 0) {  // zero and subnormal: a multiple of 2^-24
    float const magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  std::uint32_t const wide_exponent = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | (wide_exponent << 23) | (mantissa << 13));
}

// Rounds straight from Real, so that double -> F16 is not rounded twice.
template <class Real>
std::uint16_t to_half(Real value)
{
  auto const sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  if (std::isnan(value)) { return static_cast<std::uint16_t>(sign | 0x7e00); }
  Real const magnitude = std::fabs(value);
  if (magnitude >= Real(65520)) { return static_cast<std::uint16_t>(sign | 0x7c00); }
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  int const step = magnitude < Real(0x1p-14) ? -24 : exponent - 11;  // log2 of the spacing here
  auto const units = static_cast<int>(std::nearbyint(std::ldexp(magnitude, -step)));
  // A carry out of the mantissa walks into the exponent, which is the right encoding.
  int const bits = step == -24 ? units : ((step + 24) << 10) + units;
  return static_cast<std::uint16_t>(sign | bits);
}

float bfloat_to_float(std::uint16_t bits)
{
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

template <class Real>
std::uint16_t to_bfloat(Real value)
{
  auto narrow = static_cast<float>(value);
  auto bits = std::bit_cast<std::uint32_t>(narrow);
  if (std::isnan(value)) { return static_cast<std::uint16_t>((bits >> 16) | 0x40); }
  if (std::isinf(narrow)) { return static_cast<std::uint16_t>(bits >> 16); }
  // Where double -> float rounded, the half-way test below must see which way it went.
  auto const rounded = static_cast<Real>(narrow);
  bool const is_midway = (bits & 0xffff) == 0x8000;
  if (is_midway && rounded != value) {
    bits = std::fabs(rounded) > std::fabs(value) ? bits - 1 : bits + 1;
  }
  bits += 0x7fff + ((bits >> 16) & 1);
  return static_cast<std::uint16_t>(bits >> 16);
}

template <class Real, class Stored, class Convert>
std::vector<Real> decode_as(std::span<std::byte const> bytes, Convert convert)
{
  if (bytes.size() % sizeof(Stored) != 0) {
    throw std::invalid_argument("expected a whole number of elements of " +
                                std::to_string(sizeof(Stored)) + " bytes, got " +
                                std::to_string(bytes.size()) + " bytes");
  }
  std::vector<Real> values(bytes.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<Real>(convert(stored));
  }
  return values;
}

template <class Stored, class Real, class Convert>
std::vector<std::byte> encode_as(std::span<Real const> values, Convert convert)
{
  std::vector<std::byte> bytes(values.size() * sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored const stored = convert(values[i]);
    std::memcpy(bytes.data() + i * sizeof(Stored), &stored, sizeof(Stored));
  }
  return bytes;
}

}  // namespace

std::string_view name_of(dtype type)
{
  return table[static_cast<std::size_t>(type)].name;
}

std::optional<dtype> dtype_of(std::string_view name)
{
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].name == name) { return static_cast<dtype>(i); }
  }
  return std::nullopt;
}

index_t bits_of(dtype type)
{
  return table[static_cast<std::size_t>(type)].bits;
}

bool is_floating_point(dtype type)
{
  return type == dtype::f64 || type == dtype::f32 || type == dtype::f16 || type == dtype::bf16;
}

template <class Real>
std::vector<Real> decode(std::span<std::byte const> bytes, dtype type)
{
  switch (type) {
    case dtype::f64:
      return decode_as<Real, double>(bytes, [](double v) { return v; });
    case dtype::f32:
      return decode_as<Real, float>(bytes, [](float v) { return v; });
    case dtype::f16:
      return decode_as<Real, std::uint16_t>(bytes, half_to_float);
    case dtype::bf16:
      return decode_as<Real, std::uint16_t>(bytes, bfloat_to_float);
    default:
      reject(type);
  }
}

template <class Real>
std::vector<std::byte> encode(std::span<Real const> values, dtype type)
{
  switch (type) {
    case dtype::f64:
      return encode_as<double>(values, [](Real v) { return static_cast<double>(v); });
    case dtype::f32:
      return encode_as<float>(values, [](Real v) { return static_cast<float>(v); });
    case dtype::f16:
      return encode_as<std::uint16_t>(values, to_half<Real>);
    case dtype::bf16:
      return encode_as<std::uint16_t>(values, to_bfloat<Real>);
    default:
      reject(type);
  }
}

template std::vector<float> decode<float>(std::span<std::byte const>, dtype);
template std::vector<double> decode<double>(std::span<std::byte const>, dtype);
template std::vector<std::byte> encode<float>(std::span<float const>, dtype);
template std::vector<std::byte> encode<double>(std::span<double const>, dtype);

}  // namespace llava
