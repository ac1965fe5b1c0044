// SPDX-License-Identifier: MIT
#pragma once
/// \file  Regions of a picture as masks: made from label maps and grey masks, measured and united.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/image/image.hpp>

namespace prefopt {

/// The most pixels that a mask may have: a few characters of run lengths can ask for any number.
inline constexpr index_t most_mask_pixels = index_t{1} << 28;

/// Whole pixels from (left, top) to before (right, bottom); all zero where there are none.
struct pixel_box {
  index_t left = 0, top = 0, right = 0, bottom = 0;

  index_t width() const { return right - left; }
  index_t height() const { return bottom - top; }
  bool operator==(pixel_box const&) const = default;
};

namespace detail {

inline std::string size_text(index_t width, index_t height)
{
  return std::to_string(width) + " x " + std::to_string(height);
}

/// Sizes that a mask may have.
inline void require_mask_size(char const* function, index_t width, index_t height)
{
  if (width <= 0 || height <= 0 || width > most_mask_pixels / height) {
    throw_invalid(function, "size",
                  "positive width and height of at most " + std::to_string(most_mask_pixels) +
                      " pixels together",
                  size_text(width, height));
  }
}

inline void require_mask(char const* function, byte_image const& mask)
{
  check_image(mask);
  if (mask.channels != 1) {
    throw_invalid(function, "mask", "1 channel", std::to_string(mask.channels));
  }
}

}  // namespace detail

/// A mask with nothing set. A mask is an image of one channel; a byte that is not 0 is inside.
/// Throws std::invalid_argument unless width and height are positive and width * height is at most
/// `most_mask_pixels`.
inline byte_image make_mask(index_t width, index_t height)
{
  detail::require_mask_size("make_mask", width, height);
  return make_byte_image(width, height, 1);
}

/// Number of pixels inside.
inline index_t mask_area(byte_image const& mask)
{
  detail::require_mask("mask_area", mask);
  index_t area = 0;
  for (auto const pixel : mask.pixels) { area += pixel != 0 ? 1 : 0; }
  return area;
}

/// The smallest box that holds all pixels inside; all zero for a mask with none.
inline pixel_box mask_bounds(byte_image const& mask)
{
  detail::require_mask("mask_bounds", mask);
  pixel_box box{mask.width, mask.height, 0, 0};
  for (index_t y = 0; y < mask.height; ++y) {
    for (index_t x = 0; x < mask.width; ++x) {
      if (mask.at(x, y, 0) == 0) { continue; }
      box = {min(box.left, x), min(box.top, y), max(box.right, x + 1), y + 1};
    }
  }
  return box.right == 0 ? pixel_box{} : box;
}

/// Adds the pixels of `other` to `mask`. Throws std::invalid_argument unless the sizes agree.
inline void unite(byte_image& mask, byte_image const& other)
{
  detail::require_mask("unite", mask);
  detail::require_mask("unite", other);
  if (mask.width != other.width || mask.height != other.height) {
    detail::throw_invalid("unite", "other", detail::size_text(mask.width, mask.height),
                          detail::size_text(other.width, other.height));
  }
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    if (other.pixels[i] != 0) { mask.pixels[i] = 1; }
  }
}

/// The pixels whose first channel is brighter than `threshold`. LISA saves its masks as JPEG with
/// 100 inside and 0 outside, which compression blurs; 50 lies between.
inline byte_image threshold_mask(byte_image const& picture, int threshold = 50)
{
  check_image(picture);
  byte_image mask = make_mask(picture.width, picture.height);
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    auto const first = i * static_cast<std::size_t>(picture.channels);
    mask.pixels[i] = picture.pixels[first] > threshold ? 1 : 0;
  }
  return mask;
}

namespace detail {

template <class Label>
void require_label_map(char const* function, std::span<Label const> map, index_t width,
                       index_t height)
{
  require_mask_size(function, width, height);
  require_extent(function, "map", width * height, static_cast<index_t>(map.size()));
}

}  // namespace detail

/// The pixels of a label map (rows of whole numbers) that carry one label.
template <class Label>
byte_image mask_of_label(std::span<Label const> map, index_t width, index_t height, Label label)
{
  detail::require_label_map("mask_of_label", map, width, height);
  byte_image mask = make_mask(width, height);
  for (std::size_t i = 0; i < map.size(); ++i) { mask.pixels[i] = map[i] == label ? 1 : 0; }
  return mask;
}

/// The labels of a map but `background`, each once, in ascending order.
template <class Label>
std::vector<Label> labels_of(std::span<Label const> map, Label background = 0)
{
  std::vector<Label> labels;
  Label last = background;
  for (Label const label : map) {
    if (label == last) { continue; }
    last = label;
    if (label == background) { continue; }
    auto place = labels.begin();
    while (place != labels.end() && *place < label) { ++place; }
    if (place == labels.end() || *place != label) { labels.insert(place, label); }
  }
  return labels;
}

}  // namespace prefopt
