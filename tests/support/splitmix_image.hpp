// SPDX-License-Identifier: MIT
#pragma once
/// \file  The picture that reference values of resizing were made of.

#include <cstdint>

#include <prefopt/image/image.hpp>

/// The input of the golden cases: byte k is the top byte of splitmix64(k).
inline prefopt::byte_image splitmix_image(prefopt::index_t width, prefopt::index_t height)
{
  prefopt::byte_image image = prefopt::make_byte_image(width, height, 3);
  for (std::size_t k = 0; k < image.pixels.size(); ++k) {
    std::uint64_t x = k + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    image.pixels[k] = static_cast<std::uint8_t>((x ^ (x >> 31)) >> 56);
  }
  return image;
}
