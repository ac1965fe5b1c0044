// SPDX-License-Identifier: MIT
#pragma once
/// \file  From a decoded image to the tensor a CLIP tower takes, and a mask through the same
/// geometry.

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <prefopt/core/math.hpp>
#include <prefopt/image/image.hpp>
#include <prefopt/image/resize.hpp>

namespace prefopt {

/// How an image becomes a square.
enum class square_mode {
  pad,         ///< whole image, centred on a square of the mean colour: original LLaVA-1.5
  centre_crop  ///< middle of the image, its sides cut off: CLIP, and Hugging Face's LLaVA processor
};

/// Defaults are those of LLaVA-1.5 with CLIP ViT-L/14-336; mean and standard deviation of CLIP, in
/// [0, 1].
struct preprocess_options {
  index_t size = 336;  // side of the result in pixels
  square_mode mode = square_mode::pad;
  std::array<float, 3> mean{0.48145466f, 0.4578275f, 0.40821073f};
  std::array<float, 3> standard_deviation{0.26862954f, 0.26130258f, 0.27577711f};
};

/// Where the pixels of a source go: pasted on a canvas, resized, then cut out of it.
struct square_geometry {
  index_t canvas_width, canvas_height;  // equal to the source's when it is not padded
  index_t paste_left, paste_top;
  index_t resized_width, resized_height;
  index_t crop_left, crop_top;
  index_t size;
};

/// The geometry for a source of width x height pixels. Throws std::invalid_argument for empty
/// sizes, for a padded square of more than 2^27 pixels, and for centre cropping of an aspect ratio
/// above 100, most of which would be resized to be cut off.
inline square_geometry make_square_geometry(index_t width, index_t height,
                                            preprocess_options const& options)
{
  index_t const size = options.size;
  index_t const short_side = min(width, height);
  index_t const long_side = max(width, height);
  if (short_side <= 0 || size <= 0) {
    throw std::invalid_argument("preprocess: expected positive sizes, got an image of " +
                                std::to_string(width) + " x " + std::to_string(height) +
                                " for a result of " + std::to_string(size));
  }
  if (options.mode == square_mode::pad) {
    constexpr index_t most = index_t{1} << 27;  // pixels of the padded square: 400 MB of bytes
    if (long_side > most / long_side) {
      throw std::invalid_argument("preprocess: expected an image whose padded square has at most " +
                                  std::to_string(most) + " pixels, got " + std::to_string(width) +
                                  " x " + std::to_string(height));
    }
    index_t const left = (long_side - width) / 2;
    index_t const top = (long_side - height) / 2;
    return {long_side, long_side, left, top, size, size, 0, 0, size};
  }
  if (long_side / short_side > 100) {
    throw std::invalid_argument("preprocess: expected an aspect ratio of at most 100, got " +
                                std::to_string(width) + " x " + std::to_string(height));
  }
  index_t const scaled = size * long_side / short_side;
  index_t const resized_width = width >= height ? scaled : size;
  index_t const resized_height = width >= height ? size : scaled;
  return {width,
          height,
          0,
          0,
          resized_width,
          resized_height,
          (resized_width - size) / 2,
          (resized_height - size) / 2,
          size};
}

namespace detail {

/// Copies `in` onto `out` with its top left corner at (left, top); what lies outside is cut off.
inline void paste(byte_image const& in, index_t left, index_t top, byte_image& out)
{
  index_t const x_begin = max(-left, index_t{0}), x_end = min(in.width, out.width - left);
  index_t const y_begin = max(-top, index_t{0}), y_end = min(in.height, out.height - top);
  if (x_begin >= x_end) { return; }
  auto const bytes = static_cast<std::size_t>((x_end - x_begin) * in.channels);
  for (index_t y = y_begin; y < y_end; ++y) {
    std::uint8_t const* const from = in.pixels.data() + (y * in.width + x_begin) * in.channels;
    index_t const place = (y + top) * out.width + x_begin + left;
    std::copy_n(from, bytes, out.pixels.data() + place * in.channels);
  }
}

inline byte_image apply_geometry(byte_image const& in, square_geometry const& g,
                                 std::array<std::uint8_t, 3> const& fill)
{
  byte_image canvas = make_byte_image(g.canvas_width, g.canvas_height, in.channels);
  bool const padded = g.canvas_width != in.width || g.canvas_height != in.height;
  auto const channels = static_cast<std::size_t>(in.channels);
  for (std::size_t i = 0; padded && i < canvas.pixels.size(); i += channels) {
    std::copy_n(fill.data(), channels, &canvas.pixels[i]);
  }
  paste(in, g.paste_left, g.paste_top, canvas);
  byte_image const resized = resize_bicubic(canvas, g.resized_width, g.resized_height);
  byte_image out = make_byte_image(g.size, g.size, in.channels);
  paste(resized, -g.crop_left, -g.crop_top, out);
  return out;
}

inline void require_channels(byte_image const& image, index_t channels)
{
  check_image(image);
  if (image.channels != channels) {
    throw std::invalid_argument("preprocess: expected " + std::to_string(channels) +
                                " channels, got " + std::to_string(image.channels));
  }
}

}  // namespace detail

/// The square 8-bit image before normalisation. Padding has the mean colour, truncated to bytes
/// ((122, 116, 104) for CLIP).
inline byte_image square_image(byte_image const& image, preprocess_options const& options = {})
{
  detail::require_channels(image, 3);
  std::array<std::uint8_t, 3> fill{};
  for (std::size_t c = 0; c < 3; ++c) {
    fill[c] = static_cast<std::uint8_t>(static_cast<double>(options.mean[c]) * 255);
  }
  return detail::apply_geometry(image, make_square_geometry(image.width, image.height, options),
                                fill);
}

/// (v / 255 - mean) / standard deviation, in float, as planes.
inline plane_image normalise(byte_image const& image, preprocess_options const& options = {})
{
  detail::require_channels(image, 3);
  plane_image out{3, image.height, image.width, std::vector<float>(image.pixels.size())};
  auto const plane = static_cast<std::size_t>(image.width * image.height);
  for (std::size_t i = 0; i < plane; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      auto const unit = static_cast<float>(image.pixels[3 * i + c] * (1.0 / 255));
      out.values[c * plane + i] = (unit - options.mean[c]) / options.standard_deviation[c];
    }
  }
  return out;
}

/// Decoded RGB image -> 3 x size x size floats. Throws std::invalid_argument unless it has 3
/// channels.
inline plane_image preprocess(byte_image const& image, preprocess_options const& options = {})
{
  return normalise(square_image(image, options), options);
}

/// A mask (one channel, not 0 = region) of the image's size through the image's geometry; the
/// result is size x size of 0 and 1. Each pixel shows the mask where its centre came from (Pillow's
/// nearest neighbour), and padding is outside. A region so small that no centre hits it is kept as
/// the pixels it falls into, since an empty mask means something else.
inline byte_image resample_mask(byte_image const& mask, square_geometry const& g)
{
  detail::require_channels(mask, 1);
  byte_image out = make_byte_image(g.size, g.size, 1);
  bool hit = false;
  auto const columns = detail::nearest_sources(g.canvas_width, g.resized_width);
  auto const rows = detail::nearest_sources(g.canvas_height, g.resized_height);
  for (index_t y = 0; y < g.size; ++y) {
    index_t const from_y = rows[static_cast<std::size_t>(y + g.crop_top)] - g.paste_top;
    for (index_t x = 0; x < g.size && from_y >= 0 && from_y < mask.height; ++x) {
      index_t const from_x = columns[static_cast<std::size_t>(x + g.crop_left)] - g.paste_left;
      if (from_x >= 0 && from_x < mask.width && mask.at(from_x, from_y, 0) != 0) {
        out.at(x, y, 0) = 1;
        hit = true;
      }
    }
  }
  for (index_t y = 0; y < mask.height && !hit; ++y) {
    for (index_t x = 0; x < mask.width; ++x) {
      index_t const out_x = (x + g.paste_left) * g.resized_width / g.canvas_width - g.crop_left;
      index_t const out_y = (y + g.paste_top) * g.resized_height / g.canvas_height - g.crop_top;
      bool const inside = out_x >= 0 && out_x < g.size && out_y >= 0 && out_y < g.size;
      if (inside && mask.at(x, y, 0) != 0) { out.at(out_x, out_y, 0) = 1; }
    }
  }
  return out;
}

/// `resample_mask` with the geometry that `preprocess` gives an image of the mask's size.
inline byte_image preprocess_mask(byte_image const& mask, preprocess_options const& options = {})
{
  return resample_mask(mask, make_square_geometry(mask.width, mask.height, options));
}

}  // namespace prefopt
