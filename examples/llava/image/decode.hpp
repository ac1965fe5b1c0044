// SPDX-License-Identifier: MIT
#pragma once
/// \file  Decoding PNG, JPEG and WebP files into images and region masks.

#include <filesystem>
#include <stdexcept>
#include <string>

#include <prefopt/image/image.hpp>

namespace llava {

using prefopt::byte_image;
using prefopt::index_t;

/// What is refused before any pixel is decoded, so that a small file cannot demand a huge image.
struct decode_limits {
  index_t max_file_bytes = index_t{64} << 20;
  index_t max_side = 16384;                // pixels
  index_t max_pixels = index_t{64} << 20;  // width x height
};

/// An image of a PNG, JPEG or (with libwebp) WebP file as 8-bit RGB. Grey is repeated, alpha is
/// dropped (as Pillow's convert("RGB") does), 16 bits keep their upper byte. Throws
/// std::runtime_error naming the file: missing, not an image, truncated, or over a limit.
byte_image decode_image(std::filesystem::path const& path, decode_limits const& limits = {});

/// A mask: one channel, 1 where the file's luminance is at least `threshold` (region) and 0
/// elsewhere. The default suits masks of 0 and 255; LISA, for one, writes 100 for its regions: use
/// 50 there. Throws std::runtime_error as above, and unless the mask has the size of its image
/// (naming both).
byte_image decode_mask(std::filesystem::path const& path, index_t image_width, index_t image_height,
                       int threshold = 128, decode_limits const& limits = {});

/// The bytes of an image file, of a size that decoders take.
std::string read_image_file(std::filesystem::path const& path, decode_limits const& limits);
/// What `decode` returns; its errors, which know bytes only, begin with the name of the file.
template <class Function>
auto naming(std::filesystem::path const& path, Function decode)
try {
  return decode();
} catch (std::runtime_error const& error) {
  throw std::runtime_error(path.string() + ": " + error.what());
}
/// Throws std::runtime_error where a header's width and height are over the limits.
void check_limits(byte_image const& header, decode_limits const& limits);
/// "640 x 480".
std::string size_text(index_t width, index_t height);

}  // namespace llava
