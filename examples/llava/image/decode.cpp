// SPDX-License-Identifier: MIT
#include "llava/image/decode.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "llava/image/jpeg_decode.hpp"
#include "llava/image/stb_decode.hpp"
#include "llava/image/webp_decode.hpp"
#include "llava/support/file.hpp"

namespace llava {
namespace {

/// As stb_image weighs the colours of a grey picture.
byte_image luminance(byte_image const& image)
{
  byte_image grey = prefopt::make_byte_image(image.width, image.height, 1);
  for (std::size_t i = 0; i < grey.pixels.size(); ++i) {
    auto const* const rgb = &image.pixels[3 * i];
    grey.pixels[i] = static_cast<std::uint8_t>((77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8);
  }
  return grey;
}

byte_image decode_bytes(std::string const& bytes, int channels, decode_limits const& limits)
{
  if (is_webp(bytes)) {
    check_limits(webp_header(bytes), limits);
    return channels == 3 ? webp_pixels(bytes) : luminance(webp_pixels(bytes));
  }
  if (is_jpeg(bytes)) {
    check_limits(jpeg_header(bytes), limits);
    return channels == 3 ? jpeg_pixels(bytes) : luminance(jpeg_pixels(bytes));
  }
  if (!is_png(bytes)) {
    throw std::runtime_error("expected a PNG, JPEG or WebP image, got " +
                             std::to_string(bytes.size()) + " bytes of something else");
  }
  check_limits(stb_header(bytes), limits);
  return stb_pixels(bytes, channels);
}

byte_image decode(std::filesystem::path const& path, int channels, decode_limits const& limits)
{
  std::string const bytes = read_image_file(path, limits);
  return naming(path, [&] { return decode_bytes(bytes, channels, limits); });
}

}  // namespace

std::string size_text(index_t width, index_t height)
{
  return std::to_string(width) + " x " + std::to_string(height);
}

std::string read_image_file(std::filesystem::path const& path, decode_limits const& limits)
{
  constexpr index_t decoder_limit = std::numeric_limits<int>::max();
  return read_file(path, std::min(limits.max_file_bytes, decoder_limit));
}

void check_limits(byte_image const& header, decode_limits const& limits)
{
  if (header.width > limits.max_side || header.height > limits.max_side ||
      header.width * header.height > limits.max_pixels) {
    throw std::runtime_error("expected an image of at most " + std::to_string(limits.max_side) +
                             " pixels a side and " + std::to_string(limits.max_pixels) +
                             " pixels, got " + size_text(header.width, header.height));
  }
}

byte_image decode_image(std::filesystem::path const& path, decode_limits const& limits)
{
  return decode(path, 3, limits);
}

byte_image decode_mask(std::filesystem::path const& path, index_t image_width, index_t image_height,
                       int threshold, decode_limits const& limits)
{
  byte_image mask = decode(path, 1, limits);
  if (mask.width != image_width || mask.height != image_height) {
    throw std::runtime_error(path.string() + ": expected a mask of the size of its image, " +
                             size_text(image_width, image_height) + ", got " +
                             size_text(mask.width, mask.height));
  }
  for (auto& pixel : mask.pixels) { pixel = pixel >= threshold ? 1 : 0; }
  return mask;
}

}  // namespace llava
