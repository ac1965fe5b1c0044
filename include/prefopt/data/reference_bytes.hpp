// SPDX-License-Identifier: MIT
#pragma once
/// \file  A reference cache as bytes: the same on every machine, and noticed when they are cut
/// short or changed.
///
/// Sealed (core/bytes.hpp, "prefoptR"): model, path, number of rows (8 bytes), rows of 5 x 8 bytes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <prefopt/core/bytes.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/data/reference_cache.hpp>

namespace prefopt {
namespace detail {

constexpr byte_seal reference_seal{"prefoptR", 1, "a reference cache"};
constexpr std::size_t reference_row_bytes = 40;

inline number_type read_number_type(byte_reader& in)
{
  std::uint64_t const w = in.word();
  if (w > static_cast<std::uint64_t>(number_type::fp16)) {
    throw_invalid(in.function, in.name, "a number type", std::to_string(w));
  }
  return static_cast<number_type>(w);
}

}  // namespace detail

/// The cache as bytes, for a file or a message. Sums keep all their bits.
inline std::string encode_reference_cache(reference_cache const& cache)
{
  detail::byte_writer out = detail::begin_sealed(detail::reference_seal);
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
  return detail::sealed(std::move(out));
}

/// The cache from its bytes; `name` stands in errors for where they came from. Throws
/// `std::invalid_argument` for bytes that are something else, of another version, cut short, or
/// changed.
inline reference_cache decode_reference_cache(std::string_view bytes,
                                              std::string const& name = "bytes")
{
  char const* const function = "decode_reference_cache";
  detail::byte_reader in = detail::open_sealed(function, detail::reference_seal, bytes, name);
  reference_cache cache;
  cache.model = in.text();
  cache.path.code = in.text();
  cache.path.logits = detail::read_number_type(in);
  cache.path.accumulation = detail::read_number_type(in);
  cache.path.temperature = in.number();
  cache.path.logit_scale = in.number();
  cache.path.softcap = in.number();
  std::uint64_t const rows = in.word();
  std::size_t const left = in.left();
  if (left % detail::reference_row_bytes != 0 || rows != left / detail::reference_row_bytes) {
    detail::throw_invalid(function, name, std::to_string(rows) + " rows of 40 bytes",
                          std::to_string(left) + " bytes");
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
