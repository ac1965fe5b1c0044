// SPDX-License-Identifier: MIT
#include "llava/image/label_map.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "llava/image/png_check.hpp"
#include "llava/image/stb_decode.hpp"

namespace llava {
namespace {

std::vector<std::uint32_t> labels_of_png(std::string bytes, index_t image_width,
                                         index_t image_height, decode_limits const& limits)
{
  if (!is_png(bytes)) { throw std::runtime_error("expected a label map as PNG, got another file"); }
  stb_header(bytes);
  // As grey, a palette's indices are decoded instead of its colours.
  if (bytes[png_colour_type_offset] == png_palette) { bytes[png_colour_type_offset] = png_grey; }
  byte_image const header = stb_header(bytes);
  check_limits(header, limits);
  if (header.width != image_width || header.height != image_height) {
    throw std::runtime_error("expected a label map of the size of its image, " +
                             size_text(image_width, image_height) + ", got " +
                             size_text(header.width, header.height));
  }
  std::vector<std::uint32_t> labels;
  labels.reserve(static_cast<std::size_t>(image_width * image_height));
  if (header.channels <= 2) {
    // The decoder scales the stored levels up to 16 bits.
    unsigned const most = (1u << static_cast<unsigned>(bytes[png_depth_offset])) - 1;
    for (auto const level : stb_grey_levels(bytes)) { labels.push_back(level / (0xffffu / most)); }
  } else {
    byte_image const colours = stb_pixels(bytes, 3);
    for (std::size_t i = 0; i < colours.pixels.size(); i += 3) {
      auto const* const rgb = &colours.pixels[i];
      labels.push_back(rgb[0] + 256u * rgb[1] + 65536u * rgb[2]);
    }
  }
  return labels;
}

}  // namespace

std::vector<std::uint32_t> decode_label_map(std::filesystem::path const& path, index_t image_width,
                                            index_t image_height, decode_limits const& limits)
{
  std::string bytes = read_image_file(path, limits);
  return naming(path,
                [&] { return labels_of_png(std::move(bytes), image_width, image_height, limits); });
}

}  // namespace llava
