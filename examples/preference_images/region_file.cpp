// SPDX-License-Identifier: MIT
#include "preference_images/region_file.hpp"

#include <array>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <prefopt/image/box.hpp>
#include <prefopt/image/mask.hpp>
#include <prefopt/image/polygon.hpp>
#include <prefopt/image/region.hpp>
#include <prefopt/image/run_lengths.hpp>

#include "llava/image/decode.hpp"
#include "llava/support/file.hpp"
#include "llava/support/json.hpp"
#include "preference_images/picture_path.hpp"

namespace preference_images {
namespace {

using nlohmann::json;

[[noreturn]] void fail(std::string const& where, std::string const& what)
{
  throw std::runtime_error(where + ": " + what);
}

std::string image_name(json const& row, std::string const& where)
{
  json const image = row.is_object() && row.contains("image") ? row["image"] : json();
  json const name = image.is_object() && image.contains("file_name") ? image["file_name"] : image;
  if (!name.is_string()) { fail(where, "expected an object with the name of an 'image'"); }
  return name.get<std::string>();
}

/// The value of the first of the keys that is there, else null.
json first_of(json const& object, std::initializer_list<char const*> keys)
{
  for (char const* const key : keys) {
    if (object.contains(key)) { return object[key]; }
  }
  return {};
}

double number_of(json const& value, double otherwise, std::string const& where)
{
  if (value.is_null()) { return otherwise; }
  if (!value.is_number()) { fail(where, "expected a number as score, got " + value.dump()); }
  return value.get<double>();
}

labelled_shape read_region(json const& entry, std::string const& where)
{
  if (!entry.is_object()) { fail(where, "expected regions as objects, got " + entry.dump()); }
  json const label = first_of(entry, {"label", "phrase", "category"});
  if (!label.is_null() && !label.is_string()) {
    fail(where, "expected a text as label, got " + label.dump());
  }
  bool const has_shape = entry.contains("segmentation") || entry.contains("mask") ||
                         entry.contains("box") || entry.contains("bbox");
  if (!has_shape) {
    fail(where, "expected a region with segmentation, mask, box or bbox, got none of them");
  }
  return {label.is_null() ? "" : label.get<std::string>(),
          number_of(first_of(entry, {"score", "logit", "predicted_iou"}), 1, where), entry};
}

void read_detections(json const& row, std::vector<labelled_shape>& shapes, std::string const& where)
{
  json const phrases = first_of(row, {"phrases", "labels"});
  json const scores = first_of(row, {"logits", "scores"});
  json const& boxes = row["boxes"];
  bool const agree = boxes.is_array() && phrases.is_array() && boxes.size() == phrases.size() &&
                     (scores.is_null() || (scores.is_array() && scores.size() == boxes.size()));
  if (!agree) { fail(where, "expected as many phrases and logits as boxes"); }
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (!phrases[i].is_string()) { fail(where, "expected texts as phrases"); }
    shapes.push_back({phrases[i].get<std::string>(),
                      scores.is_null() ? 1 : number_of(scores[i], 1, where),
                      {{"cxcywh", boxes[i]}}});
  }
}

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

region_file::region_file(std::filesystem::path file) : file_(std::move(file))
{
  if (file_.empty()) { return; }
  llava::file_bytes(file_);  // throws unless it is a file
  std::ifstream in(file_, std::ios::binary);
  index_t begin = 0, number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    if (text.find_first_not_of(" \t\r") != text.npos) {
      std::string const where = file_.string() + ":" + std::to_string(number);
      lines_[image_name(llava::parse_json(text, where), where)].push_back({begin, number});
    }
    begin += static_cast<index_t>(text.size()) + 1;
  }
  if (in.bad()) { fail(file_.string(), "reading failed"); }
}

std::vector<labelled_shape> region_file::of(std::string const& image) const
{
  std::vector<labelled_shape> shapes;
  auto const found = lines_.find(image);
  if (found == lines_.end()) { return shapes; }
  std::ifstream in(file_, std::ios::binary);
  for (line const& at : found->second) {
    std::string const where = file_.string() + ":" + std::to_string(at.number);
    std::string text;
    if (!in.seekg(at.begin) || !std::getline(in, text)) { fail(where, "cannot be read again"); }
    json const row = llava::parse_json(text, where);
    json const regions = first_of(row, {"regions", "annotations"});
    if (!regions.is_null() && !regions.is_array()) { fail(where, "expected a list of regions"); }
    for (json const& entry : regions) { shapes.push_back(read_region(entry, where)); }
    if (row.contains("boxes")) { read_detections(row, shapes, where); }
  }
  return shapes;
}

byte_image region_file::mask(labelled_shape const& region, index_t width, index_t height) const
try {
  json const& shape = region.shape;
  if (shape.contains("segmentation")) {
    json const& segmentation = shape["segmentation"];
    return segmentation.is_array() ? polygons_mask(segmentation, width, height)
                                   : run_length_mask(segmentation, width, height);
  }
  if (shape.contains("mask")) {
    if (!shape["mask"].is_string()) { throw std::runtime_error("expected a file as mask"); }
    auto const path = file_below(file_.parent_path(), shape["mask"].get<std::string>());
    int const threshold = static_cast<int>(shape.value("threshold", 128.0));
    return llava::decode_mask(path, width, height, threshold);
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
