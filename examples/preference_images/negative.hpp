// SPDX-License-Identifier: MIT
#pragma once
/// \file  A picture's negative, made from what its record in the preference set says.

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <prefopt/image/image.hpp>
#include <prefopt/image/mask.hpp>

namespace preference_images {

using prefopt::byte_image;
using prefopt::index_t;

/// All that the negative depends on but the picture. The same recipe and picture give the same
/// bytes.
struct negative_recipe {
  std::string corruption = "diffusion";  // "blur", "mask_out", "patch_shuffle", "crop"
  std::string schedule = "sigmoid";      // "linear", "cosine"; of diffusion
  index_t step = 500;                    // of diffusion, 0 to 999
  std::uint64_t seed = 0;
  std::string form = "png";          // "npy": the normalised tensor, float32, 3 x height x width
  index_t size = 336;                // side of the result in pixels; 0 = as the picture is
  std::string image_mode = "pad";    // "crop"; how the picture becomes a square
  std::optional<byte_image> region;  // at the picture's size; none = the whole picture
  std::optional<prefopt::pixel_box> box;  // what "crop" cuts out
};

/// As the preference set records it; the region as COCO's compressed run lengths.
nlohmann::ordered_json to_record(negative_recipe const& recipe);
/// The recipe of a record for a picture of that size. Throws std::runtime_error or
/// std::invalid_argument for a record that no program of this kind wrote.
negative_recipe from_record(nlohmann::json const& record);

struct negative {
  std::string bytes;   // of the PNG or NPY file
  byte_image look;     // what a person may look at; of a tensor, its pixels
  bool whole = false;  // the region was empty, so all of it was corrupted
  double share = 0;    // of the pixels that were corrupted
};

/// Makes the negative of a decoded picture.
negative make_negative(byte_image const& picture, negative_recipe const& recipe);

/// The picture through the recipe's geometry, without corruption.
byte_image framed(byte_image const& picture, negative_recipe const& recipe);
/// Its region through the same; empty pixels where there is none.
byte_image framed_region(negative_recipe const& recipe);

}  // namespace preference_images
