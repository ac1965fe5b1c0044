// SPDX-License-Identifier: MIT
#pragma once
/// \file  COCO's annotation files (instances_*.json) as regions, without holding them in memory.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "preference_images/region_shape.hpp"

namespace preference_images {

/// Where in a file something is, and its number for error messages.
struct file_place {
  index_t begin;
  index_t number;
};

/// Whether the file is one JSON object with the lists `images` and `annotations`, rather than lines
/// that each name an `image`.
bool is_coco_file(std::filesystem::path const& file);

struct coco_index {
  std::map<std::string, std::vector<file_place>> annotations;  // by file_name
  std::map<index_t, std::string> categories;                   // names by id
};

/// Reads through the file once; only names and places are kept, 16 bytes for an annotation. Throws
/// std::runtime_error that names the entry: no list of `images` (`id`, `file_name`), `annotations`
/// (`image_id`, `category_id`) or `categories` (`id`, `name`), an id twice, an unknown id.
coco_index index_coco_file(std::filesystem::path const& file);

/// The regions of a picture: label = name of the category, shape = `segmentation`, or `bbox` where
/// that is absent or empty, score = `score` or 1. A picture that the pairs name with a folder
/// (`val2017/1.jpg`) and the file without is the same one.
std::vector<labelled_shape> coco_shapes(coco_index const& index, std::filesystem::path const& file,
                                        std::string const& image);

}  // namespace preference_images
