// SPDX-License-Identifier: MIT
#include "llava/image/png_check.hpp"

namespace llava {

std::string_view png_fault(std::string_view bytes)
{
  using namespace std::string_view_literals;
  constexpr std::size_t frame = 12;  // of a chunk: length, name, checksum
  if (!bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) { return "no PNG"; }
  bytes.remove_prefix(8);
  bool first = true, has_data = false;
  while (bytes.size() >= frame) {
    std::size_t length = 0;
    for (char const c : bytes.substr(0, 4)) {
      length = length << 8 | static_cast<unsigned char>(c);
    }
    std::string_view const name = bytes.substr(4, 4);
    if (length > bytes.size() - frame) { return "truncated PNG"; }
    if (first && (name != "IHDR" || length != 13)) { return "PNG without header"; }
    if (name == "IDAT" && !has_data && length == 0) { return "PNG with an empty chunk of data"; }
    has_data = has_data || name == "IDAT";
    if (name == "IEND") { return {}; }
    first = false;
    bytes.remove_prefix(frame + length);
  }
  return "truncated PNG";
}

}  // namespace llava
