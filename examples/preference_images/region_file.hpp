// SPDX-License-Identifier: MIT
#pragma once
/// \file  The regions that a segmenter or detector found, read when their picture's turn comes.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "preference_images/coco_file.hpp"
#include "preference_images/region_shape.hpp"

namespace preference_images {

/// Where the lines of each picture are. A line of the file is a JSON object with
///
/// - `image`: the picture as the pairs name it, or SA-1B's object with `file_name`;
/// - `regions` (or `annotations`, SAM's name): a list of `label` (or `phrase`, `category`), `score`
///   (or `logit`, `predicted_iou`) and one of `segmentation` (COCO's run lengths, compressed or
///   plain, or polygons), `mask` (a PNG or JPEG file below the folder of this file, bright inside,
///   with `threshold` from 0 to 255, 128 if absent), `box` (left, top, right, bottom in pixels) or
///   `bbox` (left, top, width, height);
/// - or Grounding DINO's `boxes` (centre and size as shares of the picture), `phrases`, `logits`;
/// - or `label_map` (a PNG below the folder of this file) and `labels`, {"<number>": "<label>"}.
///
/// A picture may have several lines. Or the file is a COCO annotation file (coco_file.hpp). Only
/// names and places are held in memory.
class region_file {
 public:
  /// Reads through the file once. An empty path is a file without regions. Throws
  /// std::runtime_error "<file>:<line>: ..." for a line that is no such object.
  explicit region_file(std::filesystem::path file = {});

  /// The regions of a picture; none where the file does not name it. Throws std::runtime_error for
  /// entries without label or shape.
  std::vector<labelled_shape> of(std::string const& image) const;

  /// The mask of a shape in a picture of that size. Throws std::runtime_error or
  /// std::invalid_argument for a malformed shape and one of another size.
  byte_image mask(labelled_shape const& shape, index_t width, index_t height) const;

 private:
  std::filesystem::path file_;
  std::map<std::string, std::vector<file_place>> lines_;
  std::optional<coco_index> coco_;
};

}  // namespace preference_images
