// SPDX-License-Identifier: MIT
#include "llava/image/stb_decode.hpp"

#include <memory>
#include <stdexcept>

#define STBI_ONLY_PNG
#ifndef LLAVA_USE_LIBJPEG
#define STBI_ONLY_JPEG
#endif
#define STBI_NO_STDIO
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#else
#include <stb_image.h>
#endif

#include "llava/image/jpeg_check.hpp"
#include "llava/image/png_check.hpp"

namespace llava {
namespace {

template <class Pixel>
using stb_pointer = std::unique_ptr<Pixel, void (*)(void*)>;

stbi_uc const* data_of(std::string_view bytes)
{
  return reinterpret_cast<stbi_uc const*>(bytes.data());
}

[[noreturn]] void fail(std::string const& expected, std::string const& got)
{
  throw std::runtime_error("expected " + expected + ", got " + got);
}

[[noreturn]] void fail_decoding()
{
  fail("a whole image", std::string("one with: ") + stbi_failure_reason());
}

}  // namespace

bool is_png(std::string_view bytes)
{
  return bytes.starts_with("\x89PNG\r\n\x1a\n");
}

byte_image stb_header(std::string_view bytes)
{
  std::string_view const fault = is_png(bytes) ? png_fault(bytes) : jpeg_fault(bytes);
  if (!fault.empty()) { fail("a whole image", "a " + std::string(fault)); }
  int width = 0, height = 0, channels = 0;
  if (stbi_info_from_memory(data_of(bytes), static_cast<int>(bytes.size()), &width, &height,
                            &channels) == 0) {
    fail("a sound image header", std::string("one with: ") + stbi_failure_reason());
  }
  return {width, height, channels, {}};
}

byte_image stb_pixels(std::string_view bytes, int channels)
{
  int width = 0, height = 0, stored = 0;
  stb_pointer<stbi_uc> const pixels(
      stbi_load_from_memory(data_of(bytes), static_cast<int>(bytes.size()), &width, &height,
                            &stored, channels),
      stbi_image_free);
  if (!pixels) { fail_decoding(); }
  byte_image image = prefopt::make_byte_image(width, height, channels);
  image.pixels.assign(pixels.get(), pixels.get() + image.pixels.size());
  return image;
}

std::vector<std::uint16_t> stb_grey_levels(std::string_view bytes)
{
  int width = 0, height = 0, stored = 0;
  stb_pointer<stbi_us> const levels(
      stbi_load_16_from_memory(data_of(bytes), static_cast<int>(bytes.size()), &width, &height,
                               &stored, 1),
      stbi_image_free);
  if (!levels) { fail_decoding(); }
  return {levels.get(),
          levels.get() + static_cast<std::size_t>(width) * static_cast<std::size_t>(height)};
}

}  // namespace llava
