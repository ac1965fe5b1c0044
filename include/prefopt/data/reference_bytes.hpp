// SPDX-License-Identifier: MIT
#pragma once
/// \file  A reference cache as bytes: the same on every machine, and noticed when they are cut
/// short or changed.
///
/// Layout, numbers little-endian: the 8 bytes "prefoptR", version (8 bytes), size of the whole in
/// bytes (8), model, path, number of rows (8), rows of 5 x 8 bytes, hash of all before it (8). A
/// text is its length (8) and its bytes.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <prefopt/core/error.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/data/reference_cache.hpp>

namespace prefopt {
namespace detail {

constexpr std::string_view reference_magic = "prefoptR";
constexpr std::uint64_t reference_version = 1;
constexpr std::size_t reference_row_bytes = 40;

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

/// Reads what byte_writer wrote; `name` is the file's, for errors.
struct byte_reader {
  std::string_view bytes;
  std::string const& name;
  std::size_t at = 0;

  void require(std::uint64_t size) const
  {
    if (size > bytes.size() - at) {
      throw_invalid("decode_reference_cache", name, std::to_string(size) + " more bytes",
                    std::to_string(bytes.size() - at));
    }
  }
  std::uint64_t word()
  {
    require(8);
    at += 8;
    return word_at(bytes, at - 8);
  }
  double number() { return std::bit_cast<double>(word()); }
  number_type type()
  {
    std::uint64_t const w = word();
    if (w > static_cast<std::uint64_t>(number_type::fp16)) {
      throw_invalid("decode_reference_cache", name, "a number type", std::to_string(w));
    }
    return static_cast<number_type>(w);
  }
  std::string text()
  {
    std::uint64_t const size = word();
    require(size);
    at += size;
    return std::string(bytes.substr(at - size, size));
  }
};

}  // namespace detail

/// The cache as bytes, for a file or a message. Sums keep all their bits.
inline std::string encode_reference_cache(reference_cache const& cache)
{
  detail::byte_writer out;
  out.bytes = detail::reference_magic;
  out.word(detail::reference_version);
  out.word(0);  // the size, once it is known
  out.text(cache.model);
  out.text(cache.path.code);
  out.word(static_cast<std::uint64_t>(cache.path.logits));
  out.word(static_cast<std::uint64_t>(cache.path.accumulation));
  for (double const x : {cache.path.temperature, cache.path.logit_scale, cache.path.softcap}) {
    out.number(x);
  }
  out.word(cache.rows.size());
  for (reference_row const& row : cache.rows) {
    for (std::uint64_t const w : {row.row.tokens, row.row.counted, row.row.images}) { out.word(w); }
    out.word(static_cast<std::uint64_t>(row.row.count));
    out.number(row.sum);
  }
  detail::byte_writer size;
  size.word(out.bytes.size() + 8);
  out.bytes.replace(16, 8, size.bytes);
  out.word(detail::hash_of_bytes(out.bytes));
  return out.bytes;
}

/// The cache from its bytes; `name` stands in errors for where they came from. Throws
/// `std::invalid_argument` for bytes that are something else, of another version, cut short, or
/// changed.
inline reference_cache decode_reference_cache(std::string_view bytes,
                                              std::string const& name = "bytes")
{
  char const* const function = "decode_reference_cache";
  auto const fail = [&](std::string const& expected, std::string const& got) {
    detail::throw_invalid(function, name, expected, got);
  };
  std::size_t const header = 24, least = header + 8;
  if (bytes.substr(0, 8) != detail::reference_magic) {
    fail("a reference cache (first bytes 'prefoptR')",
         bytes.size() < 8 ? std::to_string(bytes.size()) + " bytes" : "something else");
  }
  if (bytes.size() < least) {
    fail(std::to_string(least) + " bytes or more", std::to_string(bytes.size()) + ": cut short");
  }
  if (detail::word_at(bytes, 8) != detail::reference_version) {
    fail("version " + std::to_string(detail::reference_version),
         std::to_string(detail::word_at(bytes, 8)));
  }
  if (detail::word_at(bytes, 16) != bytes.size()) {
    fail(std::to_string(detail::word_at(bytes, 16)) + " bytes as its header says",
         std::to_string(bytes.size()) + ": cut short, or changed");
  }
  std::uint64_t const kept = detail::word_at(bytes, bytes.size() - 8);
  std::uint64_t const hash = detail::hash_of_bytes(bytes.substr(0, bytes.size() - 8));
  if (kept != hash) {
    fail("contents of hash " + detail::hash_text(kept), detail::hash_text(hash) + ": changed");
  }
  detail::byte_reader in{bytes.substr(0, bytes.size() - 8), name, header};
  reference_cache cache;
  cache.model = in.text();
  cache.path.code = in.text();
  cache.path.logits = in.type();
  cache.path.accumulation = in.type();
  cache.path.temperature = in.number();
  cache.path.logit_scale = in.number();
  cache.path.softcap = in.number();
  std::uint64_t const rows = in.word();
  std::size_t const left = in.bytes.size() - in.at;
  if (left % detail::reference_row_bytes != 0 || rows != left / detail::reference_row_bytes) {
    fail(std::to_string(rows) + " rows of 40 bytes", std::to_string(left) + " bytes");
  }
  cache.rows.resize(rows);
  for (reference_row& row : cache.rows) {
    row.row.tokens = in.word();
    row.row.counted = in.word();
    row.row.images = in.word();
    row.row.count = static_cast<index_t>(in.word());
    row.sum = in.number();
  }
  return cache;
}

}  // namespace prefopt
