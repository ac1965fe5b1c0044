// SPDX-License-Identifier: MIT
#include "llava/image/webp_decode.hpp"

#include <stdexcept>

#ifdef LLAVA_USE_WEBP
#include <webp/decode.h>
#endif

namespace llava {

bool is_webp(std::string_view bytes)
{
  return bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP";
}

#ifdef LLAVA_USE_WEBP

bool has_webp()
{
  return true;
}

byte_image webp_header(std::string_view bytes)
{
  auto const* const data = reinterpret_cast<std::uint8_t const*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) {
    throw std::runtime_error("expected a sound image header, got a damaged or truncated WebP");
  }
  if (features.has_animation != 0) {
    throw std::runtime_error("expected a still image, got an animated WebP");
  }
  return {features.width, features.height, 3, {}};
}

byte_image webp_pixels(std::string_view bytes)
{
  byte_image const header = webp_header(bytes);
  byte_image image = prefopt::make_byte_image(header.width, header.height, 3);
  auto const* const data = reinterpret_cast<std::uint8_t const*>(bytes.data());
  auto const stride = static_cast<int>(3 * image.width);
  if (WebPDecodeRGBInto(data, bytes.size(), image.pixels.data(), image.pixels.size(), stride) ==
      nullptr) {
    throw std::runtime_error("expected a whole image, got a damaged or truncated WebP");
  }
  return image;
}

#else

bool has_webp()
{
  return false;
}

byte_image webp_header(std::string_view)
{
  throw std::runtime_error(
      "expected a PNG or JPEG image, got a WebP: this program was built without libwebp (Debian: "
      "libwebp-dev); install it and configure again, or convert the image");
}

byte_image webp_pixels(std::string_view bytes)
{
  return webp_header(bytes);
}

#endif

}  // namespace llava
