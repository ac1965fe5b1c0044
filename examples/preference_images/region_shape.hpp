// SPDX-License-Identifier: MIT
#pragma once
/// \file  A region as a segmenter or detector wrote it, and the mask of it.

#include <filesystem>
#include <initializer_list>
#include <string>

#include <nlohmann/json.hpp>

#include <prefopt/core/math.hpp>
#include <prefopt/image/image.hpp>

namespace preference_images {

using prefopt::byte_image;
using prefopt::index_t;

/// A region as its file has it; `shape` becomes a mask only if a keyword finds the label.
struct labelled_shape {
  std::string label;
  double score = 1;
  nlohmann::json shape;
};

/// The mask of a shape in a picture of that size; files are looked for below `folder`. Throws
/// std::runtime_error or std::invalid_argument for a malformed shape and one of another size.
byte_image mask_of_shape(labelled_shape const& region, std::filesystem::path const& folder,
                         index_t width, index_t height);

/// The value of the first of the keys that is there, else null.
nlohmann::json first_of(nlohmann::json const& object, std::initializer_list<char const*> keys);

}  // namespace preference_images
