// SPDX-License-Identifier: MIT
#pragma once
/// \file  LLaVA-1.6's view of a picture: small and whole, and large in tiles ("anyres").

#include <array>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/image/image.hpp>
#include <prefopt/image/mask.hpp>
#include <prefopt/image/preprocess.hpp>
#include <prefopt/image/random_region.hpp>
#include <prefopt/image/resize.hpp>

namespace prefopt {

/// Width and height in pixels.
struct image_extent {
  index_t width, height;

  bool operator==(image_extent const&) const = default;
};

/// `image_grid_pinpoints` of LLaVA-1.6, read as width and height, as its authors' code does.
inline constexpr std::array<image_extent, 5> llava_pinpoints{
    {{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}}};
/// The same numbers read as height and width, as Hugging Face's processor does. Where two grids
/// suit a picture alike (one with both sides up to 336, for instance), the first wins, and it is
/// the other one.
inline constexpr std::array<image_extent, 5> hugging_face_pinpoints{
    {{672, 336}, {336, 672}, {672, 672}, {336, 1008}, {1008, 336}}};

struct tile_options {
  preprocess_options tile{};  // size, mean and standard deviation; its mode is not used
  std::span<image_extent const> pinpoints = llava_pinpoints;  // multiples of the tile's size
};

/// Where a picture goes: resized, pasted on a black canvas, which is cut into tiles.
struct tile_geometry {
  image_extent canvas, resized;
  index_t left, top;      // of the resized picture on the canvas
  index_t columns, rows;  // of tiles
  index_t size;           // of a tile
};

/// The pinpoint in which most of the picture's pixels fit, with its aspect kept and none invented:
/// min(floor(width s) floor(height s), width height), s the scale that fits. Of several the one
/// with the least area left over, then the first. Throws std::invalid_argument for no pinpoints and
/// for sizes that are not positive.
inline image_extent best_pinpoint(index_t width, index_t height,
                                  std::span<image_extent const> pinpoints)
{
  detail::require_mask_size("best_pinpoint", width, height);
  if (pinpoints.empty()) { detail::throw_invalid("best_pinpoint", "pinpoints", "some", "none"); }
  auto const w = static_cast<double>(width), h = static_cast<double>(height);
  image_extent best{};
  index_t most = -1, least_waste = 0;
  for (image_extent const& p : pinpoints) {
    detail::require_mask_size("best_pinpoint", p.width, p.height);
    double const scale = min(static_cast<double>(p.width) / w, static_cast<double>(p.height) / h);
    index_t const fits = static_cast<index_t>(w * scale) * static_cast<index_t>(h * scale);
    index_t const effective = min(fits, width * height);
    index_t const waste = p.width * p.height - effective;
    if (effective > most || (effective == most && waste < least_waste)) {
      best = p;
      most = effective;
      least_waste = waste;
    }
  }
  return best;
}

/// The geometry for a picture of width x height: the side that limits is exact, the other rounded
/// up, the rest of the canvas split in halves (the smaller left and above). Throws
/// std::invalid_argument as `best_pinpoint`, and unless the pinpoint is of whole tiles.
inline tile_geometry make_tile_geometry(index_t width, index_t height,
                                        tile_options const& options = {})
{
  index_t const size = options.tile.size;
  image_extent const canvas = best_pinpoint(width, height, options.pinpoints);
  if (size <= 0 || canvas.width % size != 0 || canvas.height % size != 0) {
    detail::throw_invalid("make_tile_geometry", "pinpoints",
                          "multiples of the tile's size " + std::to_string(size),
                          detail::size_text(canvas.width, canvas.height));
  }
  auto const scale_of = [](index_t to, index_t from) {
    return static_cast<double>(to) / static_cast<double>(from);
  };
  auto const scaled = [](index_t side, double scale, index_t most) {
    return min(static_cast<index_t>(std::ceil(static_cast<double>(side) * scale)), most);
  };
  double const by_width = scale_of(canvas.width, width);
  double const by_height = scale_of(canvas.height, height);
  image_extent const resized =
      by_width < by_height ? image_extent{canvas.width, scaled(height, by_width, canvas.height)}
                           : image_extent{scaled(width, by_height, canvas.width), canvas.height};
  return {canvas,
          resized,
          (canvas.width - resized.width) / 2,
          (canvas.height - resized.height) / 2,
          canvas.width / size,
          canvas.height / size,
          size};
}

namespace detail {

/// `resized` on its canvas, cut into tiles in rows, behind `whole`.
inline std::vector<byte_image> cut_tiles(byte_image whole, byte_image const& resized,
                                         tile_geometry const& g)
{
  byte_image canvas = make_byte_image(g.canvas.width, g.canvas.height, resized.channels);
  paste(resized, g.left, g.top, canvas);
  std::vector<byte_image> images{std::move(whole)};
  for (index_t row = 0; row < g.rows; ++row) {
    for (index_t column = 0; column < g.columns; ++column) {
      index_t const left = column * g.size, top = row * g.size;
      images.push_back(crop(canvas, {left, top, left + g.size, top + g.size}));
    }
  }
  return images;
}

}  // namespace detail

/// The 8-bit images that the vision tower sees: first the whole picture, squeezed into a square
/// without regard to its aspect, then the tiles in rows. Pillow's bicubic resizing, bit for bit.
/// Throws std::invalid_argument as `make_tile_geometry` and unless there are 3 channels.
inline std::vector<byte_image> tiled_images(byte_image const& image,
                                            tile_options const& options = {})
{
  detail::require_channels(image, 3);
  tile_geometry const g = make_tile_geometry(image.width, image.height, options);
  return detail::cut_tiles(resize_bicubic(image, g.size, g.size),
                           resize_bicubic(image, g.resized.width, g.resized.height), g);
}

/// The same, normalised: `tiled_images` through `normalise`.
inline std::vector<plane_image> preprocess_tiles(byte_image const& image,
                                                 tile_options const& options = {})
{
  std::vector<plane_image> planes;
  for (byte_image const& tile : tiled_images(image, options)) {
    planes.push_back(normalise(tile, options.tile));
  }
  return planes;
}

/// A mask through the same geometry, an image of 0 and 1 for each of `tiled_images`; what pads is
/// outside. A region too small for any sample of the whole picture is kept there (`resample_mask`).
inline std::vector<byte_image> preprocess_mask_tiles(byte_image const& mask,
                                                     tile_options const& options = {})
{
  detail::require_channels(mask, 1);
  tile_geometry const g = make_tile_geometry(mask.width, mask.height, options);
  square_geometry const squeezed{mask.width, mask.height, 0, 0, g.size, g.size, 0, 0, g.size};
  byte_image resized = resize_nearest(mask, g.resized.width, g.resized.height);
  for (auto& pixel : resized.pixels) { pixel = pixel != 0 ? 1 : 0; }
  return detail::cut_tiles(resample_mask(mask, squeezed), resized, g);
}

/// The grid of image features that remains when those of padding are cut off: the canvas has
/// `per_tile` features a side of a tile (24 for CLIP ViT-L/14-336). As LLaVA's authors compute it;
/// Hugging Face rounds to 7 digits first, and cuts off less where a double falls just short of a
/// whole number (55 x 176 pixels: 16 columns instead of 14; 4 of 93,400 sizes up to 1,400).
inline image_extent unpadded_features(index_t width, index_t height,
                                      tile_options const& options = {}, index_t per_tile = 24)
{
  tile_geometry const g = make_tile_geometry(width, height, options);
  image_extent const grid{g.columns * per_tile, g.rows * per_tile};
  auto const w = static_cast<double>(width), h = static_cast<double>(height);
  auto const grid_w = static_cast<double>(grid.width), grid_h = static_cast<double>(grid.height);
  if (w / h > grid_w / grid_h) {
    auto const kept = static_cast<index_t>(h * (grid_w / w));
    return {grid.width, grid.height - (grid.height - kept) / 2 * 2};
  }
  auto const kept = static_cast<index_t>(w * (grid_h / h));
  return {grid.width - (grid.width - kept) / 2 * 2, grid.height};
}

/// How many embeddings a picture becomes: those of the whole, and the grid's with one for the end
/// of each row (`mm_patch_merge_type` spatial_unpad).
inline index_t tiled_token_count(index_t width, index_t height, tile_options const& options = {},
                                 index_t per_tile = 24)
{
  image_extent const grid = unpadded_features(width, height, options, per_tile);
  return per_tile * per_tile + grid.height * (grid.width + 1);
}

}  // namespace prefopt
