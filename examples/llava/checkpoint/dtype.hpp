// SPDX-License-Identifier: MIT
#pragma once
/// \file  Element types of safetensors files, and their conversion from and to float and double.

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// Element types, in the order in which the reference writer ranks them (larger elements last).
enum class dtype {
  boolean,
  f4,
  f6_e2m3,
  f6_e3m2,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  f8_e5m2fnuz,
  f8_e4m3fnuz,
  f8_e8m0,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  c64,
  f64,
  i64,
  u64
};

/// Name in the file's header, for example "BF16".
std::string_view name_of(dtype type);

/// Type of that name, or nothing if the format knows no such name.
std::optional<dtype> dtype_of(std::string_view name);

/// Size of one element in bits.
index_t bits_of(dtype type);

/// Whether decode() and encode() accept it: F64, F32, F16 or BF16.
bool is_floating_point(dtype type);

/// Converts little-endian elements to Real (float or double). Exact except F64 -> float, which
/// rounds to nearest. Throws std::invalid_argument for other types or a size that does not fit.
template <class Real>
std::vector<Real> decode(std::span<std::byte const> bytes, dtype type);

/// The inverse of decode(): rounds to nearest, ties to even; NaN stays NaN; too large becomes inf.
template <class Real>
std::vector<std::byte> encode(std::span<Real const> values, dtype type);

}  // namespace llava
