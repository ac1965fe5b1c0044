// SPDX-License-Identifier: MIT
#include "llava/data/pair_row.hpp"

#include <stdexcept>
#include <string_view>

#include "llava/support/json.hpp"

namespace llava {
namespace {

using nlohmann::json;

constexpr auto expected_fields = "question, chosen, rejected and image (or text and image_path)";

[[noreturn]] void fail(std::string const& where, std::string const& what)
{
  throw std::runtime_error(where + ": " + what);
}

json parse_object(std::string const& text, std::string const& where)
{
  auto object = parse_json(text, where);
  if (!object.is_object()) {
    fail(where, "expected a JSON object, got " + std::string(object.type_name()));
  }
  return object;
}

/// A text that says something, or an error that names the field.
std::string text_of(json const& value, std::string const& field, std::string const& where)
{
  if (!value.is_string()) {
    fail(where, "field '" + field + "': expected a string, got " + value.type_name());
  }
  auto text = value.get<std::string>();
  if (text.find_first_not_of(" \t\n\v\f\r") == std::string::npos) {
    fail(where, "field '" + field + "': expected some text, got a blank string");
  }
  if (text.find('\0') != std::string::npos) {
    fail(where, "field '" + field + "': expected text, got a NUL character in it");
  }
  return text;
}

std::string text_field(json const& object, std::string const& field, std::string const& where)
{
  if (!object.contains(field)) {
    fail(where, "expected the fields " + std::string(expected_fields) + ", got no '" + field + "'");
  }
  return text_of(object[field], field, where);
}

/// The content of a message: a text, or a list of parts whose texts count.
std::string content_of(json const& message, std::string const& field, std::string const& where)
{
  char const* const key = message.contains("content") ? "content" : "value";
  if (!message.contains(key)) {
    fail(where, "field '" + field + "': expected messages with 'content' or 'value', got neither");
  }
  json const& content = message[key];
  if (!content.is_array()) { return text_of(content, field, where); }
  std::string text;
  for (json const& part : content) {
    if (part.is_object() && part.value("type", json()) == "text" && part.contains("text")) {
      text += text_of(part["text"], field, where);
    }
  }
  return text_of(text, field, where);
}

bool is_user(json const& message)
{
  json const role = message.contains("role") ? message["role"] : message.value("from", json());
  return role == "user" || role == "human";
}

bool is_assistant(json const& message)
{
  json const role = message.contains("role") ? message["role"] : message.value("from", json());
  return role == "assistant" || role == "gpt";
}

std::string without_image_mark(std::string text, std::string const& field, std::string const& where)
{
  constexpr std::string_view mark = "<image>";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
    text.erase(at, mark.size());
  }
  auto const first = text.find_first_not_of(" \n");
  if (first == std::string::npos) { return text_of("", field, where); }
  return text.substr(first, text.find_last_not_of(" \n") - first + 1);
}

/// What the user or the assistant says in a text, a message or a list of messages.
std::string said(json const& row, std::string const& field, bool by_user, std::string const& where)
{
  if (!row.contains(field) || row[field].is_string()) { return text_field(row, field, where); }
  json const list = row[field].is_object() ? json::array({row[field]}) : row[field];
  if (!list.is_array()) {
    fail(where, "field '" + field + "': expected a string or messages, got " + list.type_name());
  }
  json const* found = nullptr;
  for (json const& message : list) {
    if (!message.is_object()) {
      fail(where, "field '" + field + "': expected messages, got " + message.type_name());
    }
    if (by_user ? !is_user(message) : !is_assistant(message)) { continue; }
    if (found != nullptr) {
      fail(where, "field '" + field + "': expected one round, got another message of the " +
                      (by_user ? "user" : "assistant"));
    }
    found = &message;
  }
  if (found == nullptr) {
    fail(where, "field '" + field + "': expected a message of the " +
                    std::string(by_user ? "user" : "assistant") + ", got none");
  }
  std::string text = content_of(*found, field, where);
  return by_user ? without_image_mark(std::move(text), field, where) : text;
}

/// The field that holds the question, the chosen or the rejected answer.
std::string question_of(json const& row, std::string const& where)
{
  if (row.contains("question")) { return text_field(row, "question", where); }
  if (row.contains("prompt")) { return said(row, "prompt", true, where); }
  if (row.contains("conversations")) { return said(row, "conversations", true, where); }
  bool const implicit = row.contains("chosen") && row["chosen"].is_array();
  return said(row, implicit ? "chosen" : "question", true, where);
}

std::string answer_of(json const& row, std::string const& name, std::string const& conversations,
                      std::string const& where)
{
  bool const in_conversations = !row.contains(name) && row.contains(conversations);
  return said(row, in_conversations ? conversations : name, false, where);
}

/// The mean of the ratings of one completion's aspects; ratings may be texts.
double mean_rating(json const& annotations, std::string const& where)
{
  double sum = 0;
  int count = 0;
  for (json const& aspect : annotations) {
    json const rating = aspect.is_object() ? aspect.value("Rating", json()) : json();
    std::string const text = rating.is_string() ? rating.get<std::string>() : rating.dump();
    if (text.size() != 1 || text[0] < '1' || text[0] > '5') { continue; }  // "N/A" occurs
    sum += text[0] - '0';
    ++count;
  }
  if (count == 0) {
    fail(where, "field 'completions': expected ratings from 1 to 5, got none for an answer");
  }
  return sum / count;
}

struct rated_answer {
  std::string text;
  double rating;
};

/// Lists of objects, or an object of lists as Hugging Face's data sets give them.
std::vector<rated_answer> completions_of(json const& completions, std::string const& where)
{
  std::vector<rated_answer> answers;
  auto const push = [&](json const& response, json const& annotations) {
    answers.push_back({text_of(response, "completions", where), mean_rating(annotations, where)});
  };
  if (completions.is_object() && completions.contains("response") &&
      completions.contains("annotations") && completions["response"].is_array() &&
      completions["annotations"].is_array() &&
      completions["response"].size() == completions["annotations"].size()) {
    for (std::size_t i = 0; i < completions["response"].size(); ++i) {
      push(completions["response"][i], completions["annotations"][i]);
    }
  } else if (completions.is_array()) {
    for (json const& one : completions) {
      bool const whole = one.is_object() && one.contains("response") && one.contains("annotations");
      if (!whole) {
        fail(where, "field 'completions': expected response and annotations, got " + one.dump());
      }
      push(one["response"], one["annotations"]);
    }
  } else {
    fail(where, "field 'completions': expected a list of answers with annotations, got " +
                    std::string(completions.type_name()));
  }
  return answers;
}

void choose_by_rating(json const& row, pair_row& pair, std::string const& where)
{
  auto const answers = completions_of(row["completions"], where);
  rated_answer const *best = nullptr, *worst = nullptr;
  for (auto const& answer : answers) {
    if (best == nullptr || answer.rating > best->rating) { best = &answer; }
    if (worst == nullptr || answer.rating < worst->rating) { worst = &answer; }
  }
  if (best == nullptr || best->rating == worst->rating) {
    fail(where, "field 'completions': expected answers of different ratings, got none");
  }
  pair.question = said(row, "prompt", true, where);
  pair.chosen = best->text;
  pair.rejected = worst->text;
}

std::string image_of(json const& row, bool is_nested, std::string const& where)
{
  if (row.contains("images") && !row.contains("image")) {
    json const& images = row["images"];
    if (!images.is_array() || images.size() != 1) {
      fail(where, "field 'images': expected one image, got " +
                      (images.is_array() ? std::to_string(images.size()) : images.type_name()));
    }
    json const& image = images[0];
    return text_of(image.is_object() ? image.value("path", json()) : image, "images", where);
  }
  bool const has_image = row.contains("image") && !row["image"].is_null();
  bool const elsewhere = is_nested && (row.contains("image_path") || row.contains("img_path"));
  if (has_image && !elsewhere && row["image"].is_object() && row["image"].contains("path") &&
      row["image"]["path"].is_string()) {
    return text_of(row["image"]["path"], "image", where);
  }
  for (char const* const field : {"image_path", "img_path"}) {
    bool const usable = !has_image || !row["image"].is_string();
    if (usable && row.contains(field)) { return text_field(row, field, where); }
  }
  return text_field(row, is_nested && !has_image ? "image_path" : "image", where);
}

}  // namespace

pair_row parse_pair_row(std::string const& text, std::string const& where)
{
  auto const row = parse_object(text, where);
  pair_row pair;
  bool const is_nested = row.contains("text");
  if (row.contains("completions")) {
    choose_by_rating(row, pair, where);
  } else {
    auto const texts =
        is_nested ? parse_object(text_field(row, "text", where), where + ": field 'text'") : row;
    pair.question = question_of(texts, where);
    pair.chosen = answer_of(texts, "chosen", "conversations", where);
    pair.rejected = answer_of(texts, "rejected", "rejected_conversations", where);
  }
  if (pair.chosen == pair.rejected) {
    fail(where, "expected chosen and rejected to differ, got the same text twice");
  }
  pair.image = image_of(row, is_nested, where);
  if (row.contains("mask") && !row["mask"].is_null()) {
    pair.mask = text_field(row, "mask", where);
  }
  return pair;
}

}  // namespace llava
