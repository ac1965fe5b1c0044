// SPDX-License-Identifier: MIT
#include "llava/image/decode.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#else
#include <stb_image.h>
#endif

#include "llava/image/jpeg_check.hpp"
#include "llava/support/file.hpp"

namespace llava {
namespace {

[[noreturn]] void fail(std::filesystem::path const& path, std::string const& what)
{
  throw std::runtime_error(path.string() + ": " + what);
}

/// Refuses what the decoder must not see. A PNG ends with the chunk IEND and four checksum bytes.
void check_bytes(std::filesystem::path const& path, std::string_view bytes)
{
  using namespace std::string_view_literals;
  std::string_view fault;
  if (bytes.starts_with("\xff\xd8"sv)) {
    fault = jpeg_fault(bytes);
  } else if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) {
    auto const end_chunk = bytes.rfind("IEND"sv);
    if (end_chunk == bytes.npos || bytes.size() - end_chunk < 8) { fault = "truncated PNG"; }
  } else {
    fail(path, "expected a PNG or JPEG image, got " + std::to_string(bytes.size()) +
                   " bytes of something else");
  }
  if (!fault.empty()) { fail(path, "expected a whole image, got a " + std::string(fault)); }
}

byte_image decode(std::filesystem::path const& path, int channels, decode_limits const& limits)
{
  constexpr index_t decoder_limit = std::numeric_limits<int>::max();
  std::string const bytes = read_file(path, std::min(limits.max_file_bytes, decoder_limit));
  check_bytes(path, bytes);
  auto const* const data = reinterpret_cast<stbi_uc const*>(bytes.data());
  auto const size = static_cast<int>(bytes.size());
  int width = 0, height = 0, stored_channels = 0;
  if (stbi_info_from_memory(data, size, &width, &height, &stored_channels) == 0) {
    fail(path,
         std::string("expected a sound image header, got one with: ") + stbi_failure_reason());
  }
  if (width > limits.max_side || height > limits.max_side ||
      index_t{width} * height > limits.max_pixels) {
    fail(path, "expected an image of at most " + std::to_string(limits.max_side) +
                   " pixels a side and " + std::to_string(limits.max_pixels) + " pixels, got " +
                   std::to_string(width) + " x " + std::to_string(height));
  }
  std::unique_ptr<stbi_uc, void (*)(void*)> const pixels(
      stbi_load_from_memory(data, size, &width, &height, &stored_channels, channels),
      stbi_image_free);
  if (!pixels) {
    fail(path, std::string("expected a whole image, got one with: ") + stbi_failure_reason());
  }
  byte_image image = prefopt::make_byte_image(width, height, channels);
  image.pixels.assign(pixels.get(), pixels.get() + image.pixels.size());
  return image;
}

}  // namespace

byte_image decode_image(std::filesystem::path const& path, decode_limits const& limits)
{
  return decode(path, 3, limits);
}

byte_image decode_mask(std::filesystem::path const& path, index_t image_width, index_t image_height,
                       int threshold, decode_limits const& limits)
{
  byte_image mask = decode(path, 1, limits);
  if (mask.width != image_width || mask.height != image_height) {
    fail(path, "expected a mask of the size of its image, " + std::to_string(image_width) + " x " +
                   std::to_string(image_height) + ", got " + std::to_string(mask.width) + " x " +
                   std::to_string(mask.height));
  }
  for (auto& pixel : mask.pixels) { pixel = pixel >= threshold ? 1 : 0; }
  return mask;
}

}  // namespace llava
