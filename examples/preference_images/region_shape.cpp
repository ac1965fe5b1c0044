// SPDX-License-Identifier: MIT
#include "preference_images/region_shape.hpp"

#include <array>
#include <span>
#include <stdexcept>
#include <vector>

#include <prefopt/image/box.hpp>
#include <prefopt/image/mask.hpp>
#include <prefopt/image/polygon.hpp>
#include <prefopt/image/run_lengths.hpp>

#include "llava/image/decode.hpp"
#include "llava/image/label_map.hpp"
#include "preference_images/picture_path.hpp"

namespace preference_images {
namespace {

using nlohmann::json;

std::array<double, 4> four_numbers(json const& value)
{
  if (!value.is_array() || value.size() != 4) {
    throw std::runtime_error("expected four numbers as a box, got " + value.dump());
  }
  std::array<double, 4> numbers{};
  for (std::size_t i = 0; i < 4; ++i) {
    if (!value[i].is_number()) {
      throw std::runtime_error("expected four numbers as a box, got " + value.dump());
    }
    numbers[i] = value[i].get<double>();
  }
  return numbers;
}

byte_image polygons_mask(json const& polygons, index_t width, index_t height)
{
  std::vector<std::vector<double>> corners;
  for (json const& polygon : polygons) {
    std::vector<double>& xy = corners.emplace_back();
    for (json const& x : polygon) {
      if (!x.is_number()) { throw std::runtime_error("expected numbers as polygon"); }
      xy.push_back(x.get<double>());
    }
  }
  return prefopt::mask_of_polygons(corners, width, height);
}

byte_image run_length_mask(json const& segmentation, index_t width, index_t height)
{
  json const size = first_of(segmentation, {"size"}), counts = first_of(segmentation, {"counts"});
  bool const sized = size.is_array() && size.size() == 2 && size[0].is_number_integer() &&
                     size[1].is_number_integer();
  if (!sized) { throw std::runtime_error("expected run lengths with a size [height, width]"); }
  auto const rows = size[0].get<index_t>(), columns = size[1].get<index_t>();
  if (rows != height || columns != width) {
    throw std::runtime_error("expected run lengths of the size of their picture, [" +
                             std::to_string(height) + ", " + std::to_string(width) + "], got " +
                             size.dump());
  }
  if (counts.is_string()) {
    return prefopt::decode_runs(
        prefopt::read_counts(counts.get_ref<std::string const&>(), width, height));
  }
  prefopt::run_lengths runs{width, height, {}};
  for (json const& count : counts) {
    if (!count.is_number_integer()) {
      throw std::runtime_error("expected whole numbers as counts");
    }
    runs.counts.push_back(count.get<index_t>());
  }
  return prefopt::decode_runs(runs);
}

}  // namespace

json first_of(json const& object, std::initializer_list<char const*> keys)
{
  for (char const* const key : keys) {
    if (object.contains(key)) { return object[key]; }
  }
  return {};
}

byte_image mask_of_shape(labelled_shape const& region, std::filesystem::path const& folder,
                         index_t width, index_t height)
try {
  json const& shape = region.shape;
  if (shape.contains("segmentation")) {
    json const& segmentation = shape["segmentation"];
    return segmentation.is_array() ? polygons_mask(segmentation, width, height)
                                   : run_length_mask(segmentation, width, height);
  }
  if (shape.contains("mask")) {
    if (!shape["mask"].is_string()) { throw std::runtime_error("expected a file as mask"); }
    auto const path = file_below(folder, shape["mask"].get<std::string>());
    int const threshold = static_cast<int>(shape.value("threshold", 128.0));
    return llava::decode_mask(path, width, height, threshold);
  }
  if (shape.contains("label_map")) {
    auto const path = file_below(folder, shape["label_map"].get<std::string>());
    auto const map = llava::decode_label_map(path, width, height);
    return prefopt::mask_of_label(std::span(map), width, height,
                                  shape["number"].get<std::uint32_t>());
  }
  auto const box = shape.contains("cxcywh")
                       ? prefopt::box_of_centre(four_numbers(shape["cxcywh"]), width, height)
                   : shape.contains("box") ? prefopt::box_of_corners(four_numbers(shape["box"]))
                                           : prefopt::box_of_sides(four_numbers(shape["bbox"]));
  return prefopt::mask_of_box(box, width, height);
} catch (std::exception const& error) {
  throw std::runtime_error("region '" + region.label + "': " + error.what());
}

}  // namespace preference_images
