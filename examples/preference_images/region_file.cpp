// SPDX-License-Identifier: MIT
#include "preference_images/region_file.hpp"

#include <charconv>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "llava/support/file.hpp"
#include "llava/support/json.hpp"

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

void read_label_map(json const& row, std::vector<labelled_shape>& shapes, std::string const& where)
{
  json const labels = first_of(row, {"labels"});
  if (!row["label_map"].is_string() || !labels.is_object()) {
    fail(where, R"(expected a file as label_map and labels as {"<number>": "<label>"})");
  }
  for (auto const& [key, label] : labels.items()) {
    std::uint32_t number = 0;
    auto const [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
    if (error != std::errc() || end != key.data() + key.size() || !label.is_string()) {
      fail(where, "expected texts as labels of whole numbers, got '" + key + "': " + label.dump());
    }
    shapes.push_back(
        {label.get<std::string>(), 1, {{"label_map", row["label_map"]}, {"number", number}}});
  }
}

}  // namespace

region_file::region_file(std::filesystem::path file) : file_(std::move(file))
{
  if (file_.empty()) { return; }
  llava::file_bytes(file_);  // throws unless it is a file
  if (is_coco_file(file_)) {
    coco_ = index_coco_file(file_);
    return;
  }
  std::ifstream in(file_, std::ios::binary);
  index_t begin = 0, number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    if (text.find_first_not_of(" \t\r") != std::string::npos) {
      std::string const where = file_.string() + ":" + std::to_string(number);
      lines_[image_name(llava::parse_json(text, where), where)].push_back({begin, number});
    }
    begin += static_cast<index_t>(text.size()) + 1;
  }
  if (in.bad()) { fail(file_.string(), "reading failed"); }
}

std::vector<labelled_shape> region_file::of(std::string const& image) const
{
  if (coco_) { return coco_shapes(*coco_, file_, image); }
  std::vector<labelled_shape> shapes;
  auto const found = lines_.find(image);
  if (found == lines_.end()) { return shapes; }
  std::ifstream in(file_, std::ios::binary);
  for (file_place const& at : found->second) {
    std::string const where = file_.string() + ":" + std::to_string(at.number);
    std::string text;
    if (!in.seekg(at.begin) || !std::getline(in, text)) { fail(where, "cannot be read again"); }
    json const row = llava::parse_json(text, where);
    json const regions = first_of(row, {"regions", "annotations"});
    if (!regions.is_null() && !regions.is_array()) { fail(where, "expected a list of regions"); }
    for (json const& entry : regions) { shapes.push_back(read_region(entry, where)); }
    if (row.contains("boxes")) { read_detections(row, shapes, where); }
    if (row.contains("label_map")) { read_label_map(row, shapes, where); }
  }
  return shapes;
}

byte_image region_file::mask(labelled_shape const& shape, index_t width, index_t height) const
{
  return mask_of_shape(shape, file_.parent_path(), width, height);
}

}  // namespace preference_images
