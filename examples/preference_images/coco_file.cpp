// SPDX-License-Identifier: MIT
#include "preference_images/coco_file.hpp"

#include <fstream>
#include <functional>
#include <stdexcept>
#include <unordered_map>

#include "llava/support/json.hpp"
#include "llava/support/json_scan.hpp"

namespace preference_images {
namespace {

using nlohmann::json;

[[noreturn]] void fail(std::string const& where, std::string const& what)
{
  throw std::runtime_error(where + ": " + what);
}

std::string entry_name(std::filesystem::path const& file, std::string const& list, index_t number)
{
  return file.string() + ", " + list + "[" + std::to_string(number) + "]";
}

/// Calls visit(key) for the members of the object that is the file, with the stream before the
/// value; visit reads the value and returns the mark after it, '\0' to stop.
void for_each_member(std::ifstream& in, std::function<char(std::string const&)> const& visit)
{
  if (llava::peek_json(in) != '{') { return; }
  in.get();
  std::string key;
  for (char mark = ','; mark == ',';) {
    llava::peek_json(in);
    if (llava::read_json_until(in, ":}", key) != ':') { return; }
    mark = visit(key.substr(0, key.find_last_of('"') + 1));
  }
}

char skip_value(std::ifstream& in)
{
  std::string skipped;
  return llava::read_json_until(in, ",}", skipped);
}

index_t whole_number(json const& entry, char const* key, std::string const& where)
{
  bool const has = entry.is_object() && entry.contains(key) && entry[key].is_number_integer();
  if (!has) { fail(where, "expected an object with a whole number as " + std::string(key)); }
  return entry[key].get<index_t>();
}

std::string text_of(json const& entry, char const* key, std::string const& where)
{
  if (!entry.contains(key) || !entry[key].is_string()) {
    fail(where, "expected an object with a text as " + std::string(key));
  }
  return entry[key].get<std::string>();
}

/// Calls visit(entry, place, where) for the objects of the list that the stream stands before.
template <class Visit>
char for_each_entry(std::ifstream& in, std::filesystem::path const& file, std::string const& list,
                    Visit visit)
{
  if (llava::peek_json(in) != '[') { fail(file.string(), "expected a list as " + list); }
  in.get();
  std::string text;
  char mark = ',';
  for (index_t number = 0; mark == ','; ++number) {
    bool const empty = llava::peek_json(in) == ']' && number == 0;
    file_place const place{static_cast<index_t>(in.tellg()), number};
    mark = llava::read_json_until(in, ",]", text);
    if (empty) { break; }
    std::string const where = entry_name(file, list, number);
    if (mark == '\0') { fail(where, "expected the end of the list, got that of the file"); }
    visit(llava::parse_json(text, where), place, where);
  }
  return skip_value(in);
}

}  // namespace

bool is_coco_file(std::filesystem::path const& file)
{
  std::ifstream in(file, std::ios::binary);
  bool has_images = false, has_annotations = false;
  for_each_member(in, [&](std::string const& key) {
    has_images = has_images || key == "\"images\"";
    has_annotations = has_annotations || key == "\"annotations\"";
    bool const decided = key == "\"image\"" || (has_images && has_annotations);
    return decided ? '\0' : skip_value(in);
  });
  return has_images && has_annotations;
}

coco_index index_coco_file(std::filesystem::path const& file)
{
  coco_index index;
  std::unordered_map<index_t, std::vector<file_place>> places;
  std::unordered_map<index_t, std::string> names;
  std::ifstream in(file, std::ios::binary);
  for_each_member(in, [&](std::string const& key) {
    if (key == "\"images\"") {
      return for_each_entry(in, file, "images", [&](json const& entry, auto, auto const& where) {
        auto const id = whole_number(entry, "id", where);
        if (!names.emplace(id, text_of(entry, "file_name", where)).second) {
          fail(where, "expected an id of its own, got " + std::to_string(id) + " again");
        }
      });
    }
    if (key == "\"annotations\"") {
      return for_each_entry(in, file, "annotations",
                            [&](json const& entry, file_place place, auto const& where) {
                              whole_number(entry, "category_id", where);
                              places[whole_number(entry, "image_id", where)].push_back(place);
                            });
    }
    if (key == "\"categories\"") {
      return for_each_entry(
          in, file, "categories", [&](json const& entry, auto, auto const& where) {
            auto const id = whole_number(entry, "id", where);
            if (!index.categories.emplace(id, text_of(entry, "name", where)).second) {
              fail(where, "expected an id of its own, got " + std::to_string(id) + " again");
            }
          });
    }
    return skip_value(in);
  });
  for (auto& [id, of_image] : places) {
    auto const name = names.find(id);
    if (name == names.end()) {
      fail(entry_name(file, "annotations", of_image[0].number),
           "expected the image_id of an image, got " + std::to_string(id));
    }
    auto& all = index.annotations[name->second];
    all.insert(all.end(), of_image.begin(), of_image.end());
  }
  return index;
}

std::vector<labelled_shape> coco_shapes(coco_index const& index, std::filesystem::path const& file,
                                        std::string const& image)
{
  std::vector<labelled_shape> shapes;
  auto found = index.annotations.find(image);
  if (found == index.annotations.end()) {
    found = index.annotations.find(std::filesystem::path(image).filename().string());
  }
  if (found == index.annotations.end()) { return shapes; }
  std::ifstream in(file, std::ios::binary);
  std::string text;
  for (file_place const& place : found->second) {
    std::string const where = entry_name(file, "annotations", place.number);
    if (!in.seekg(place.begin)) { fail(where, "cannot be read again"); }
    llava::read_json_until(in, ",]", text);
    json entry = llava::parse_json(text, where);
    auto const category = index.categories.find(whole_number(entry, "category_id", where));
    if (category == index.categories.end()) {
      fail(where, "expected the category_id of a category, got " + entry["category_id"].dump());
    }
    json const score = first_of(entry, {"score"});
    if (!score.is_null() && !score.is_number()) {
      fail(where, "expected a number as score, got " + score.dump());
    }
    json const shape = first_of(entry, {"segmentation"});
    if (shape.is_null() || shape.empty()) { entry.erase("segmentation"); }
    if (!entry.contains("segmentation") && !entry.contains("bbox")) {
      fail(where, "expected a segmentation or a bbox, got neither");
    }
    shapes.push_back({category->second, score.is_null() ? 1 : score.get<double>(), entry});
  }
  return shapes;
}

}  // namespace preference_images
