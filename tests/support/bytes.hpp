// SPDX-License-Identifier: MIT
#pragma once
/// \file  Bytes as text: in full, and as a hash that frozen data can name.

#include <cstdint>
#include <string>
#include <vector>

inline std::string hex(std::vector<std::uint8_t> const& bytes)
{
  std::string text;
  for (std::uint8_t const b : bytes) {
    text += "0123456789abcdef"[b >> 4];
    text += "0123456789abcdef"[b & 15];
  }
  return text;
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo) in hexadecimal.
inline std::string fnv1a64(std::vector<std::uint8_t> const& bytes)
{
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::uint8_t const b : bytes) { hash = (hash ^ b) * 0x100000001b3u; }
  std::vector<std::uint8_t> big_endian;
  for (int shift = 56; shift >= 0; shift -= 8) {
    big_endian.push_back(static_cast<std::uint8_t>(hash >> shift));
  }
  return hex(big_endian);
}
