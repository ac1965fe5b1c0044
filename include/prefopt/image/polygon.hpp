// SPDX-License-Identifier: MIT
#pragma once
/// \file  COCO's polygons as masks, pixel for pixel as pycocotools draws them.

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/image/image.hpp>
#include <prefopt/image/mask.hpp>

namespace prefopt {
namespace detail {

/// Corners are rounded to a grid of 5 x 5 per pixel. This is the grid's column just before a pixel
/// column's centre; an outline that steps from it to the next crosses that column.
constexpr index_t fifths = 5;
constexpr index_t column_centre(index_t x)
{
  return fifths * x + fifths / 2;
}

struct grid_point {
  index_t x, y;
};

/// Rounds towards zero after adding 1/2, as a C cast does.
inline index_t to_grid(double v)
{
  return static_cast<index_t>(v + 0.5);
}

/// Where an edge is `t` grid steps along its longer side from its lower end.
struct grid_edge {
  grid_point from;
  bool along_x;
  index_t steps;
  double slope;

  grid_edge(grid_point a, grid_point b)
  {
    index_t const dx = abs(b.x - a.x), dy = abs(b.y - a.y);
    along_x = dx >= dy;
    steps = max(dx, dy);
    bool const backwards = along_x ? a.x > b.x : a.y > b.y;
    from = backwards ? b : a;
    grid_point const to = backwards ? a : b;
    index_t const rise = along_x ? to.y - from.y : to.x - from.x;
    slope = steps == 0 ? 0 : static_cast<double>(rise) / static_cast<double>(steps);
  }

  index_t across(index_t t) const
  {
    auto const start = static_cast<double>(along_x ? from.y : from.x);
    return to_grid(start + slope * static_cast<double>(t));
  }
};

/// The step t after which an edge that runs along y crosses from one grid column to the next,
/// found by bisection: `across` never turns.
inline index_t crossing_step(grid_edge const& edge, index_t column)
{
  bool const rising = edge.slope > 0;
  index_t before = 0, after = edge.steps;
  while (after - before > 1) {
    index_t const middle = (before + after) / 2;
    bool const crossed = (edge.across(middle) > column) == rising;
    (crossed ? after : before) = middle;
  }
  return before;
}

/// The upper of the two grid rows between which a crossing lies, as a row of pixels in [0, height].
inline index_t crossing_row(index_t grid_row, index_t height)
{
  double const row = (static_cast<double>(grid_row) + 0.5) / fifths - 0.5;
  return static_cast<index_t>(std::ceil(clamp(row, 0.0, static_cast<double>(height))));
}

/// Calls toggle(place) for every pixel column that the edge crosses: below the crossing, inside and
/// outside change places. The place of a pixel is x * height + y.
template <class Function>
void for_each_crossing(grid_edge const& edge, index_t width, index_t height, Function toggle)
{
  index_t const end = edge.along_x ? edge.from.x + edge.steps : edge.across(edge.steps);
  index_t const lowest = min(edge.from.x, end), highest = max(edge.from.x, end);
  index_t const first = max((lowest - fifths / 2 + fifths - 1) / fifths, index_t{0});
  for (index_t x = first; x < width && column_centre(x) < highest; ++x) {
    index_t const column = column_centre(x);
    if (column < lowest) { continue; }
    index_t const t = edge.along_x ? column - edge.from.x : crossing_step(edge, column);
    index_t const row = edge.along_x ? min(edge.across(t), edge.across(t + 1)) : edge.from.y + t;
    toggle(x * height + crossing_row(row, height));
  }
}

/// Adds the inside of one polygon to the mask. `toggles` has an entry for each pixel and one for
/// the end, all 0 before and after.
inline void draw_polygon(std::span<double const> xy, byte_image& mask,
                         std::vector<std::uint8_t>& toggles)
{
  std::size_t const corners = xy.size() / 2;
  auto const corner = [&](std::size_t k) {
    k %= corners;
    return grid_point{to_grid(fifths * xy[2 * k]), to_grid(fifths * xy[2 * k + 1])};
  };
  index_t const pixels = mask.width * mask.height;
  index_t first = pixels, last = 0;
  for (std::size_t k = 0; k < corners; ++k) {
    for_each_crossing(grid_edge(corner(k), corner(k + 1)), mask.width, mask.height,
                      [&](index_t place) {
                        toggles[static_cast<std::size_t>(place)] ^= 1;
                        first = min(first, place);
                        last = max(last, place);
                      });
  }
  std::uint8_t inside = 0;
  for (index_t place = first; place <= last; ++place) {
    inside ^= toggles[static_cast<std::size_t>(place)];
    toggles[static_cast<std::size_t>(place)] = 0;
    if (inside != 0 && place < pixels) { mask.at(place / mask.height, place % mask.height, 0) = 1; }
  }
}

inline void require_polygon(std::span<double const> xy)
{
  constexpr double far = 1e6;
  if (xy.size() < 6 || xy.size() % 2 != 0) {
    throw_invalid("mask_of_polygons", "polygon", "x and y of 3 or more corners",
                  std::to_string(xy.size()) + " numbers");
  }
  for (double const v : xy) {
    if (!(v >= -far && v <= far)) {
      throw_invalid("mask_of_polygons", "polygon", "coordinates within a million pixels",
                    std::to_string(v));
    }
  }
}

}  // namespace detail

/// The union of polygons, each a flat list x, y, x, y ... in pixels (COCO's `segmentation`), in a
/// picture of width x height; a polygon that crosses itself is filled by the even-odd rule. What
/// lies outside the picture is cut off, so the mask of a polygon beside it is empty, and so is that
/// of one without area.
///
/// Corners are rounded to fifths of a pixel, outlines run in whole steps on that grid, and a column
/// of pixels changes sides where an outline crosses its middle: the published rules of COCO's
/// maskApi (`rleFrPoly`), of which this is a new implementation that finds each crossing by itself
/// instead of listing all points of the outline. Throws std::invalid_argument for a polygon with
/// fewer than 3 corners, half a corner, or a coordinate that is not finite or beyond 10^6.
template <class Polygons>
byte_image mask_of_polygons(Polygons const& polygons, index_t width, index_t height)
{
  byte_image mask = make_mask(width, height);
  std::vector<std::uint8_t> toggles(static_cast<std::size_t>(width * height) + 1);
  for (auto const& polygon : polygons) {
    std::span<double const> const xy(polygon);
    detail::require_polygon(xy);
    detail::draw_polygon(xy, mask, toggles);
  }
  return mask;
}

}  // namespace prefopt
