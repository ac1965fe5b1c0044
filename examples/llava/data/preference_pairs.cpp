// SPDX-License-Identifier: MIT
#include "llava/data/preference_pairs.hpp"

#include <stdexcept>

#include "llava/support/file.hpp"
#include "llava/support/json.hpp"

namespace llava {
namespace {

constexpr auto expected_fields = "question, chosen, rejected and image (or text and image_path)";

[[noreturn]] void fail(std::string const& where, std::string const& what)
{
  throw std::runtime_error(where + ": " + what);
}

nlohmann::json parse_object(std::string const& text, std::string const& where)
{
  auto object = parse_json(text, where);
  if (!object.is_object()) {
    fail(where, "expected a JSON object, got " + std::string(object.type_name()));
  }
  return object;
}

std::string text_field(nlohmann::json const& object, std::string const& field,
                       std::string const& where)
{
  if (!object.contains(field)) {
    fail(where, "expected the fields " + std::string(expected_fields) + ", got no '" + field + "'");
  }
  if (!object[field].is_string()) {
    fail(where, "field '" + field + "': expected a string, got " + object[field].type_name());
  }
  auto text = object[field].get<std::string>();
  if (text.find_first_not_of(" \t\n\v\f\r") == text.npos) {
    fail(where, "field '" + field + "': expected some text, got a blank string");
  }
  if (text.find('\0') != text.npos) {
    fail(where, "field '" + field + "': expected text, got a NUL character in it");
  }
  return text;
}

std::filesystem::path file_field(nlohmann::json const& object, std::string const& field,
                                 std::filesystem::path const& folder, std::string const& where)
{
  auto const path = folder / text_field(object, field, where);
  if (!std::filesystem::is_regular_file(path)) {
    fail(where, "field '" + field + "': expected a file, got nothing at " + path.string());
  }
  return path;
}

preference_pair read_pair(std::string const& line, std::filesystem::path const& image_folder,
                          std::filesystem::path const& mask_folder, std::string const& where)
{
  auto const row = parse_object(line, where);
  bool const is_nested = row.contains("text");
  auto const texts =
      is_nested ? parse_object(text_field(row, "text", where), where + ": field 'text'") : row;
  preference_pair pair;
  pair.where = where;
  pair.question = text_field(texts, "question", where);
  pair.chosen = text_field(texts, "chosen", where);
  pair.rejected = text_field(texts, "rejected", where);
  if (pair.chosen == pair.rejected) {
    fail(where, "expected chosen and rejected to differ, got the same text twice");
  }
  pair.image = file_field(row, is_nested ? "image_path" : "image", image_folder, where);
  if (row.contains("mask") && !row["mask"].is_null()) {
    pair.mask = file_field(row, "mask", mask_folder, where);
  }
  return pair;
}

}  // namespace

preference_pair_reader::preference_pair_reader(std::filesystem::path file,
                                               std::filesystem::path image_folder)
    : file_(std::move(file)),
      image_folder_(image_folder.empty() ? file_.parent_path() : std::move(image_folder))
{
  file_bytes(file_);  // throws unless it is a file
  in_.open(file_, std::ios::binary);
  if (!in_) { fail(file_.string(), "expected a readable file"); }
}

std::optional<preference_pair> preference_pair_reader::next()
{
  std::string line;
  do {
    if (!std::getline(in_, line)) {
      if (in_.bad()) { fail(file_.string(), "reading failed after line " + std::to_string(line_)); }
      return std::nullopt;
    }
    ++line_;
  } while (line.find_first_not_of(" \t\r") == std::string::npos);
  std::string const where = file_.string() + ":" + std::to_string(line_);
  return read_pair(line, image_folder_, file_.parent_path(), where);
}

}  // namespace llava
