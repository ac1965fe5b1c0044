// SPDX-License-Identifier: MIT
#pragma once
/// \file  Regions that no keyword chose, for ablations: a random rectangle, and mDPO's random crop.

#include <cmath>
#include <cstdint>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/philox.hpp>
#include <prefopt/image/image.hpp>
#include <prefopt/image/mask.hpp>

namespace prefopt {

/// Which part of a picture is corrupted.
enum class region_mode {
  key,     ///< the regions of the answer's keywords; the whole picture where there are none
  random,  ///< a random part of given area
  global   ///< the whole picture
};

namespace detail {

/// Number k of a stream of uniforms in [0, 1), 32 bits each.
inline double uniform_of(std::uint64_t seed, std::uint32_t k)
{
  philox_block const block = philox4x32({{k / 4, 0, 0, 1}}, static_cast<std::uint32_t>(seed),
                                        static_cast<std::uint32_t>(seed >> 32));
  return block.word[k % 4] * 0x1p-32;
}

/// Nearest whole number in [1, most].
inline index_t side_of(double side, index_t most)
{
  return static_cast<index_t>(clamp(std::floor(side + 0.5), 1.0, static_cast<double>(most)));
}

/// A box of the given sides, anywhere in the picture with equal probability.
inline pixel_box place_box(index_t box_width, index_t box_height, index_t width, index_t height,
                           double u, double v)
{
  auto const left = static_cast<index_t>(u * static_cast<double>(width - box_width + 1));
  auto const top = static_cast<index_t>(v * static_cast<double>(height - box_height + 1));
  return {left, top, left + box_width, top + box_height};
}

}  // namespace detail

/// A rectangle of `share` of a picture's area, at a random place and with a width of 1/2 to 2 times
/// its height where it fits (the ratio or its inverse uniform in [1, 2]); the picture's own
/// proportions are the limit. The area is the nearest that whole rows of the width allow. The
/// paper's "random 20 %" does not say what is drawn; a rectangle is our choice. The same seed gives
/// the same box. Throws std::invalid_argument unless 0 < share <= 1.
inline pixel_box random_box(index_t width, index_t height, std::uint64_t seed, double share = 0.2)
{
  detail::require_mask_size("random_box", width, height);
  if (!(share > 0 && share <= 1)) {
    detail::throw_invalid("random_box", "share", "a number in (0, 1]", std::to_string(share));
  }
  double const area = share * static_cast<double>(width) * static_cast<double>(height);
  double const stretch = 1 + detail::uniform_of(seed, 0);
  double const ratio = detail::uniform_of(seed, 1) < 0.5 ? stretch : 1 / stretch;
  // At least as wide as the area needs at the full height.
  auto const least = static_cast<index_t>(std::ceil(area / static_cast<double>(height)));
  index_t const box_width = max(detail::side_of(std::sqrt(area * ratio), width), min(least, width));
  index_t const box_height = detail::side_of(area / static_cast<double>(box_width), height);
  return detail::place_box(box_width, box_height, width, height, detail::uniform_of(seed, 2),
                           detail::uniform_of(seed, 3));
}

/// What mDPO (Wang et al. 2024, arXiv 2406.11839; its code) cuts out for its negative.
struct crop_options {
  double least_share = 0.01, most_share = 0.2;      // of the picture's area
  double least_ratio = 0.75, most_ratio = 4.0 / 3;  // of width to height
};

/// The box of torchvision's RandomResizedCrop: ten tries with a uniform area and a log-uniform
/// ratio, each rounded to whole pixels, the first that fits; else the largest centred box of an
/// allowed ratio. The negative is this box resized to the picture (`crop`, `resize_bicubic`; mDPO
/// resizes with a bilinear filter). The same seed gives the same box: mDPO's code draws another one
/// for the reference model, so policy and reference score different pictures there.
/// Throws std::invalid_argument unless 0 < least <= most for both, and most_share <= 1.
inline pixel_box random_crop_box(index_t width, index_t height, std::uint64_t seed,
                                 crop_options const& o = {})
{
  detail::require_mask_size("random_crop_box", width, height);
  if (!(o.least_share > 0 && o.least_share <= o.most_share && o.most_share <= 1 &&
        o.least_ratio > 0 && o.least_ratio <= o.most_ratio && o.most_ratio < infinity_v<double>)) {
    detail::throw_invalid(
        "random_crop_box", "options", "0 < least <= most, shares up to 1, finite ratios",
        std::to_string(o.least_share) + " to " + std::to_string(o.most_share) + ", " +
            std::to_string(o.least_ratio) + " to " + std::to_string(o.most_ratio));
  }
  auto const w = static_cast<double>(width), h = static_cast<double>(height);
  for (std::uint32_t attempt = 0; attempt < 10; ++attempt) {
    auto const uniform = [&](std::uint32_t k) { return detail::uniform_of(seed, 4 * attempt + k); };
    double const area = w * h * (o.least_share + uniform(0) * (o.most_share - o.least_share));
    double const low = std::log(o.least_ratio), high = std::log(o.most_ratio);
    double const ratio = std::exp(low + uniform(1) * (high - low));
    auto const box_width = static_cast<index_t>(std::floor(std::sqrt(area * ratio) + 0.5));
    auto const box_height = static_cast<index_t>(std::floor(std::sqrt(area / ratio) + 0.5));
    if (box_width > 0 && box_width <= width && box_height > 0 && box_height <= height) {
      return detail::place_box(box_width, box_height, width, height, uniform(2), uniform(3));
    }
  }
  double const ratio = clamp(w / h, o.least_ratio, o.most_ratio);
  index_t const box_width = min(width, detail::side_of(h * ratio, width));
  index_t const box_height = min(height, detail::side_of(w / ratio, height));
  index_t const left = (width - box_width) / 2, top = (height - box_height) / 2;
  return {left, top, left + box_width, top + box_height};
}

/// The pixels of a box. Throws std::invalid_argument unless the box lies in the picture and is not
/// empty.
inline byte_image crop(byte_image const& picture, pixel_box const& box)
{
  check_image(picture);
  bool const inside = box.left >= 0 && box.top >= 0 && box.left < box.right &&
                      box.top < box.bottom && box.right <= picture.width &&
                      box.bottom <= picture.height;
  if (!inside) {
    detail::throw_invalid("crop", "box",
                          "a box in " + detail::size_text(picture.width, picture.height),
                          std::to_string(box.left) + ", " + std::to_string(box.top) + " to " +
                              std::to_string(box.right) + ", " + std::to_string(box.bottom));
  }
  byte_image out = make_byte_image(box.width(), box.height(), picture.channels);
  for (index_t y = 0; y < out.height; ++y) {
    for (index_t x = 0; x < out.width; ++x) {
      for (index_t c = 0; c < out.channels; ++c) {
        out.at(x, y, c) = picture.at(box.left + x, box.top + y, c);
      }
    }
  }
  return out;
}

}  // namespace prefopt
