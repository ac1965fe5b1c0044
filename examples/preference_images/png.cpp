// SPDX-License-Identifier: MIT
#include "preference_images/png.hpp"

#include <stdexcept>

#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#if __has_include(<stb/stb_image_write.h>)
#include <stb/stb_image_write.h>
#else
#include <stb_image_write.h>
#endif

namespace preference_images {
namespace {

/// The least that stb_image_write offers: noise has hardly any repetitions to look for. Set before
/// any thread writes.
[[maybe_unused]] int const compression = stbi_write_png_compression_level = 5;

}  // namespace

std::string png_file(prefopt::byte_image const& image)
{
  std::string bytes;
  auto const append = [](void* out, void* data, int size) {
    static_cast<std::string*>(out)->append(static_cast<char const*>(data),
                                           static_cast<std::size_t>(size));
  };
  auto const width = static_cast<int>(image.width), channels = static_cast<int>(image.channels);
  int const written = stbi_write_png_to_func(append, &bytes, width, static_cast<int>(image.height),
                                             channels, image.pixels.data(), width * channels);
  if (written == 0) { throw std::runtime_error("expected an image that PNG can hold"); }
  return bytes;
}

std::string mask_png_file(prefopt::byte_image const& mask)
{
  prefopt::byte_image grey = mask;
  for (auto& pixel : grey.pixels) { pixel = pixel != 0 ? 255 : 0; }
  return png_file(grey);
}

std::string base64(std::string_view bytes)
{
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t const have = bytes.size() - i < 3 ? bytes.size() - i : 3;
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= have ? digits[group >> (18 - 6 * k) & 63u] : '=';
    }
  }
  return text;
}

}  // namespace preference_images
