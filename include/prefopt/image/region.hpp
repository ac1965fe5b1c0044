// SPDX-License-Identifier: MIT
#pragma once
/// \file  Regions with labels, as a reader of SAM's or a detector's files fills them, and the union
/// of those that matter.

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/image/box.hpp>
#include <prefopt/image/image.hpp>
#include <prefopt/image/mask.hpp>
#include <prefopt/image/run_lengths.hpp>

namespace prefopt {

/// A part of a picture and what is in it.
struct region {
  std::string label;
  double score = 1;  // the detector's, in [0, 1]
  byte_image mask;   // of the picture's size
};

/// An entry of SAM's JSON (automatic masks, SA-1B), field for field. It has no label.
struct sam_mask {
  run_lengths segmentation;
  std::array<double, 4> bbox{};  // left, top, width, height
  index_t area = 0;
  double predicted_iou = 0;
  double stability_score = 0;
};

/// A line of Grounding DINO's result.
struct detected_box {
  std::string phrase;
  double score = 0;
  std::array<double, 4> cxcywh{};  // as shares of the picture
};

/// The region of a SAM mask. Throws std::invalid_argument for invalid run lengths, and where `area`
/// says otherwise than the mask, which happens when a mask was resized or belongs to another file.
inline region region_of(sam_mask const& sam, std::string label = {})
{
  index_t const area = run_area(sam.segmentation);
  if (area != sam.area) {
    detail::throw_invalid("region_of", "area", std::to_string(area) + " as in the segmentation",
                          std::to_string(sam.area));
  }
  return {std::move(label), sam.predicted_iou, decode_runs(sam.segmentation)};
}

/// The region of a detected box in a picture of width x height.
inline region region_of(detected_box const& box, index_t width, index_t height)
{
  return {box.phrase, box.score,
          mask_of_box(box_of_centre(box.cxcywh, width, height), width, height)};
}

/// The union of the chosen regions in a picture of width x height; a mask with nothing set where
/// none is chosen. Throws std::invalid_argument for an index that is no region's, and for a mask of
/// another size.
inline byte_image unite_regions(std::span<region const> regions, std::span<index_t const> chosen,
                                index_t width, index_t height)
{
  byte_image mask = make_mask(width, height);
  for (index_t const i : chosen) {
    if (i < 0 || i >= static_cast<index_t>(regions.size())) {
      detail::throw_invalid("unite_regions", "chosen",
                            "0 to " + std::to_string(regions.size()) + " exclusive",
                            std::to_string(i));
    }
    unite(mask, regions[static_cast<std::size_t>(i)].mask);
  }
  return mask;
}

}  // namespace prefopt
