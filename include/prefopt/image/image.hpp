// SPDX-License-Identifier: MIT
#pragma once
/// \file  The two image layouts: interleaved bytes as decoders give them, float planes as models
/// take them.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/math.hpp>

namespace prefopt {

/// Rows of 8-bit pixels: element (y * width + x) * channels + c.
struct byte_image {
  index_t width = 0;
  index_t height = 0;
  index_t channels = 3;
  std::vector<std::uint8_t> pixels;

  std::uint8_t at(index_t x, index_t y, index_t channel) const
  {
    return pixels[static_cast<std::size_t>((y * width + x) * channels + channel)];
  }
  std::uint8_t& at(index_t x, index_t y, index_t channel)
  {
    return pixels[static_cast<std::size_t>((y * width + x) * channels + channel)];
  }
};

/// Planes of floats, channel outermost: element (c * height + y) * width + x.
struct plane_image {
  index_t channels = 3;
  index_t height = 0;
  index_t width = 0;
  std::vector<float> values;
};

/// An image of the given size filled with zeros. Throws std::invalid_argument unless all are
/// positive.
inline byte_image make_byte_image(index_t width, index_t height, index_t channels)
{
  if (width <= 0 || height <= 0 || channels <= 0) {
    throw std::invalid_argument("image: expected positive width, height and channels, got " +
                                std::to_string(width) + " x " + std::to_string(height) + " x " +
                                std::to_string(channels));
  }
  auto const elements = static_cast<std::size_t>(width * height * channels);
  return {width, height, channels, std::vector<std::uint8_t>(elements)};
}

/// Throws std::invalid_argument unless the sizes are positive and agree with the number of pixels.
inline void check_image(byte_image const& image)
{
  index_t const elements = image.width * image.height * image.channels;
  if (image.width <= 0 || image.height <= 0 || image.channels <= 0 ||
      static_cast<index_t>(image.pixels.size()) != elements) {
    throw std::invalid_argument("image: expected positive sizes and as many elements, got " +
                                std::to_string(image.width) + " x " + std::to_string(image.height) +
                                " x " + std::to_string(image.channels) + " with " +
                                std::to_string(image.pixels.size()) + " elements");
  }
}

}  // namespace prefopt
