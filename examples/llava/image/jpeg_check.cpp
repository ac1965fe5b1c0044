// SPDX-License-Identifier: MIT
#include "llava/image/jpeg_check.hpp"

#include <cstddef>

namespace llava {
namespace {

constexpr int start_of_image = 0xd8, end_of_image = 0xd9, start_of_scan = 0xda;
constexpr int most_scans = 500;
constexpr int huffman_tables = 0xc4, first_restart = 0xd0, last_restart = 0xd7;

int byte_at(std::string_view bytes, std::size_t i)
{
  return static_cast<unsigned char>(bytes[i]);
}

/// Position after the coded data that begins at `i`: of the next marker that is no restart.
std::size_t skip_coded_data(std::string_view bytes, std::size_t i)
{
  for (; i + 1 < bytes.size(); ++i) {
    int const next = byte_at(bytes, i + 1);
    bool const restart = next >= first_restart && next <= last_restart;
    if (byte_at(bytes, i) == 0xff && next != 0 && next != 0xff && !restart) { return i; }
  }
  return bytes.size();
}

/// Whether every table (a class byte, 16 counts, then that many symbols) fits its segment.
bool sound_tables(std::string_view segment)
{
  while (!segment.empty()) {
    if (segment.size() < 17) { return false; }
    std::size_t codes = 0;
    for (std::size_t i = 1; i <= 16; ++i) {
      codes += static_cast<std::size_t>(byte_at(segment, i));
    }
    if (codes > 256 || segment.size() < 17 + codes) { return false; }
    segment.remove_prefix(17 + codes);
  }
  return true;
}

}  // namespace

std::string_view jpeg_fault(std::string_view bytes)
{
  constexpr std::string_view truncated = "truncated JPEG";
  if (bytes.size() < 2 || byte_at(bytes, 0) != 0xff || byte_at(bytes, 1) != start_of_image) {
    return "no JPEG";
  }
  std::size_t i = 2;
  int scans = 0;
  while (true) {
    if (i >= bytes.size()) { return truncated; }
    if (byte_at(bytes, i) != 0xff) { return "damaged JPEG segments"; }
    while (i < bytes.size() && byte_at(bytes, i) == 0xff) {
      ++i;
    }  // fill bytes may precede a marker
    if (i >= bytes.size()) { return truncated; }
    int const marker = byte_at(bytes, i++);
    if (marker == end_of_image) { return {}; }
    if (i + 2 > bytes.size()) { return truncated; }
    auto const length = static_cast<std::size_t>(byte_at(bytes, i)) * 256 +
                        static_cast<std::size_t>(byte_at(bytes, i + 1));
    if (length < 2) { return "damaged JPEG segments"; }
    if (i + length > bytes.size()) { return truncated; }
    if (marker == huffman_tables && !sound_tables(bytes.substr(i + 2, length - 2))) {
      return "damaged JPEG Huffman tables";
    }
    i += length;
    if (marker == start_of_scan) {
      if (++scans > most_scans) { return "JPEG of more than 500 scans"; }
      i = skip_coded_data(bytes, i);
    }
  }
}

}  // namespace llava
