// SPDX-License-Identifier: MIT
#pragma once
/// \file  Boxes as detectors give them (Grounding DINO, COCO, SAM), and the pixels in them.

#include <array>
#include <cmath>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/image/image.hpp>
#include <prefopt/image/mask.hpp>

namespace prefopt {

/// A rectangle in pixels, x to the right and y down from the picture's corner; may lie outside.
struct region_box {
  double left = 0, top = 0, right = 0, bottom = 0;
};

namespace detail {

/// The given box if its numbers are finite and its sides not negative.
inline region_box require_box(char const* function, region_box const& box)
{
  bool const good = box.left > -infinity_v<double> && box.top > -infinity_v<double> &&
                    box.right < infinity_v<double> && box.bottom < infinity_v<double> &&
                    box.left <= box.right && box.top <= box.bottom;
  if (!good) {
    throw_invalid(function, "box", "finite corners, left <= right and top <= bottom",
                  "left " + std::to_string(box.left) + ", top " + std::to_string(box.top) +
                      ", right " + std::to_string(box.right) + ", bottom " +
                      std::to_string(box.bottom));
  }
  return box;
}

}  // namespace detail

/// From x, y, x, y in pixels: Grounded-SAM's mask.json, torchvision.
inline region_box box_of_corners(std::array<double, 4> const& xyxy)
{
  return detail::require_box("box_of_corners", {xyxy[0], xyxy[1], xyxy[2], xyxy[3]});
}

/// From left, top, width, height in pixels: COCO's and SAM's `bbox`.
inline region_box box_of_sides(std::array<double, 4> const& xywh)
{
  return detail::require_box("box_of_sides",
                             {xywh[0], xywh[1], xywh[0] + xywh[2], xywh[1] + xywh[3]});
}

/// From centre x, centre y, width, height as shares of the picture: Grounding DINO, YOLO.
inline region_box box_of_centre(std::array<double, 4> const& cxcywh, index_t width, index_t height)
{
  auto const w = static_cast<double>(width), h = static_cast<double>(height);
  auto const [x, y, box_width, box_height] = cxcywh;
  return detail::require_box("box_of_centre", {(x - box_width / 2) * w, (y - box_height / 2) * h,
                                               (x + box_width / 2) * w, (y + box_height / 2) * h});
}

/// The pixels whose centres lie in the box (left and top edge included, right and bottom not), cut
/// to a picture of width x height; all zero where there are none.
inline pixel_box pixels_of_box(region_box const& box, index_t width, index_t height)
{
  detail::require_box("pixels_of_box", box);
  detail::require_mask_size("pixels_of_box", width, height);
  // The first pixel with centre >= edge.
  auto const first = [](double edge, index_t size) {
    return static_cast<index_t>(min(max(std::ceil(edge - 0.5), 0.0), static_cast<double>(size)));
  };
  pixel_box const pixels{first(box.left, width), first(box.top, height), first(box.right, width),
                         first(box.bottom, height)};
  return pixels.width() == 0 || pixels.height() == 0 ? pixel_box{} : pixels;
}

/// A mask of width x height with the box set. Throws std::invalid_argument unless the box lies in
/// the picture.
inline byte_image mask_of_pixels(pixel_box const& box, index_t width, index_t height)
{
  byte_image mask = make_mask(width, height);
  bool const inside = box.left >= 0 && box.top >= 0 && box.left <= box.right &&
                      box.top <= box.bottom && box.right <= width && box.bottom <= height;
  if (!inside) {
    detail::throw_invalid("mask_of_pixels", "box", "a box in " + detail::size_text(width, height),
                          std::to_string(box.left) + ", " + std::to_string(box.top) + " to " +
                              std::to_string(box.right) + ", " + std::to_string(box.bottom));
  }
  for (index_t y = box.top; y < box.bottom; ++y) {
    for (index_t x = box.left; x < box.right; ++x) { mask.at(x, y, 0) = 1; }
  }
  return mask;
}

/// The pixels of a picture of width x height whose centres lie in the box.
inline byte_image mask_of_box(region_box const& box, index_t width, index_t height)
{
  return mask_of_pixels(pixels_of_box(box, width, height), width, height);
}

}  // namespace prefopt
