// SPDX-License-Identifier: MIT
#include "llava/data/json_rows.hpp"

#include <istream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "llava/support/file.hpp"

namespace llava {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_blank(int c)
{
  return c != std::char_traits<char>::eof() && blanks.find(static_cast<char>(c)) != blanks.npos;
}

}  // namespace

json_rows::json_rows(std::filesystem::path file) : file_(std::move(file))
{
  file_bytes(file_);  // throws unless it is a file
  in_.open(file_, std::ios::binary);
  if (!in_) { throw std::runtime_error(file_.string() + ": expected a readable file"); }
  while (is_blank(in_.peek())) { in_.get(); }
  is_array_ = in_.peek() == '[';
  in_.clear();
  in_.seekg(0);
  while (is_array_ && in_.get() != '[') {}
}

std::optional<json_row> json_rows::next()
{
  return is_array_ ? next_element() : next_line();
}

std::optional<json_row> json_rows::next_line()
{
  std::string line;
  do {
    if (!std::getline(in_, line)) {
      if (in_.bad()) {
        throw std::runtime_error(file_.string() + ": reading failed after line " +
                                 std::to_string(number_));
      }
      return std::nullopt;
    }
    ++number_;
  } while (line.find_first_not_of(blanks) == std::string::npos);
  return json_row{std::move(line), file_.string() + ":" + std::to_string(number_)};
}

std::optional<json_row> json_rows::next_element()
{
  std::string text;
  std::string const where = file_.string() + "[" + std::to_string(number_) + "]";
  int depth = 0;
  bool in_string = false, escaped = false;
  while (true) {
    int const next = in_.get();
    if (next == std::char_traits<char>::eof()) {
      if (number_ < 0) { return std::nullopt; }  // the end of the array has been seen
      throw std::runtime_error(where + ": expected the end of the array, got that of the file");
    }
    auto const c = static_cast<char>(next);
    bool const ends = !in_string && depth == 0 && (c == ',' || c == ']');
    if (!ends) {
      text += c;
      in_string = c == '"' && !escaped ? !in_string : in_string;
      escaped = in_string && c == '\\' && !escaped;
      if (!in_string && (c == '{' || c == '[')) { ++depth; }
      if (!in_string && (c == '}' || c == ']')) { --depth; }
      continue;
    }
    bool const has_text = text.find_first_not_of(blanks) != std::string::npos;
    if (c == ']') {
      in_.seekg(0, std::ios::end);
      bool const empty = number_ == 0 && !has_text;
      number_ = -1;
      if (empty) { return std::nullopt; }
    } else {
      ++number_;
    }
    return json_row{std::move(text), where};
  }
}

}  // namespace llava
