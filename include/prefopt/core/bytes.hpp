// SPDX-License-Identifier: MIT
#pragma once
/// \file  Values as bytes: the same on every machine, and noticed when they are cut short or
/// changed.
///
/// A sealed value is, numbers little-endian: 8 bytes that say what it is, version (8 bytes), size
/// of the whole in bytes (8), the value, hash of all before it (8). A text in it is its length (8)
/// and its bytes.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <prefopt/core/error.hpp>
#include <prefopt/core/hash.hpp>

namespace prefopt::detail {

inline std::string hash_text(std::uint64_t hash)
{
  std::string text(16, '0');
  for (int digit = 0; digit < 16; ++digit) {
    text[static_cast<std::size_t>(15 - digit)] = "0123456789abcdef"[(hash >> (4 * digit)) & 15u];
  }
  return text;
}

inline std::uint64_t word_at(std::string_view bytes, std::size_t at)
{
  std::uint64_t word = 0;
  for (std::size_t k = 8; k-- > 0;) {
    word = (word << 8) | static_cast<unsigned char>(bytes[at + k]);
  }
  return word;
}

/// Hash of bytes, the last word filled up with zeros: their number must be among them.
inline std::uint64_t hash_of_bytes(std::string_view bytes)
{
  word_hash hash;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) { hash.push(word_at(bytes, at)); }
  std::string last(bytes.substr(at));
  last.resize(8, '\0');
  hash.push(word_at(last, 0));
  return hash.value();
}

struct byte_writer {
  std::string bytes{};

  void word(std::uint64_t w)
  {
    for (int k = 0; k < 8; ++k) { bytes.push_back(static_cast<char>((w >> (8 * k)) & 0xFFu)); }
  }
  void number(double x) { word(std::bit_cast<std::uint64_t>(x)); }
  void text(std::string const& t)
  {
    word(t.size());
    bytes += t;
  }
};

/// Reads what byte_writer wrote. `function` complains, `name` is the bytes'.
struct byte_reader {
  char const* function;
  std::string_view bytes;
  std::string const& name;
  std::size_t at = 0;

  std::size_t left() const { return bytes.size() - at; }
  void require(std::uint64_t size) const
  {
    if (size > left()) {
      throw_invalid(function, name, std::to_string(size) + " more bytes", std::to_string(left()));
    }
  }
  std::uint64_t word()
  {
    require(8);
    at += 8;
    return word_at(bytes, at - 8);
  }
  double number() { return std::bit_cast<double>(word()); }
  std::string text()
  {
    std::uint64_t const size = word();
    require(size);
    at += size;
    return std::string(bytes.substr(at - size, size));
  }
};

/// What a sealed value begins with, and what to call it in errors.
struct byte_seal {
  std::string_view magic;  ///< 8 characters
  std::uint64_t version;
  char const* what;  ///< "a reference cache"

  static constexpr std::size_t header_bytes = 24, hash_bytes = 8;
};

/// A writer that holds the header; `sealed` closes it.
inline byte_writer begin_sealed(byte_seal seal)
{
  byte_writer out;
  out.bytes = seal.magic;
  out.word(seal.version);
  out.word(0);  // the size, once it is known
  return out;
}

inline std::string sealed(byte_writer out)
{
  byte_writer size;
  size.word(out.bytes.size() + byte_seal::hash_bytes);
  out.bytes.replace(16, 8, size.bytes);
  out.word(hash_of_bytes(out.bytes));
  return std::move(out.bytes);
}

/// A reader of the value in sealed bytes. Throws `std::invalid_argument` for bytes that are
/// something else, of another version, cut short, or changed.
inline byte_reader open_sealed(char const* function, byte_seal seal, std::string_view bytes,
                               std::string const& name)
{
  auto const fail = [&](std::string const& expected, std::string const& got) {
    throw_invalid(function, name, expected, got);
  };
  std::size_t const least = byte_seal::header_bytes + byte_seal::hash_bytes;
  if (bytes.substr(0, 8) != seal.magic) {
    fail(std::string(seal.what) + " (first bytes '" + std::string(seal.magic) + "')",
         bytes.size() < 8 ? std::to_string(bytes.size()) + " bytes" : "something else");
  }
  if (bytes.size() < least) {
    fail(std::to_string(least) + " bytes or more", std::to_string(bytes.size()) + ": cut short");
  }
  if (word_at(bytes, 8) != seal.version) {
    fail("version " + std::to_string(seal.version), std::to_string(word_at(bytes, 8)));
  }
  if (word_at(bytes, 16) != bytes.size()) {
    fail(std::to_string(word_at(bytes, 16)) + " bytes as its header says",
         std::to_string(bytes.size()) + ": cut short, or changed");
  }
  std::string_view const whole = bytes.substr(0, bytes.size() - byte_seal::hash_bytes);
  std::uint64_t const kept = word_at(bytes, whole.size());
  std::uint64_t const hash = hash_of_bytes(whole);
  if (kept != hash) { fail("contents of hash " + hash_text(kept), hash_text(hash) + ": changed"); }
  return {function, whole, name, byte_seal::header_bytes};
}

}  // namespace prefopt::detail
