// SPDX-License-Identifier: MIT
#include "llava/data/json_rows.hpp"

#include <istream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "llava/support/file.hpp"
#include "llava/support/json_scan.hpp"

namespace llava {
namespace {

constexpr std::string_view blanks = " \t\r\n";

}  // namespace

json_rows::json_rows(std::filesystem::path file) : file_(std::move(file))
{
  file_bytes(file_);  // throws unless it is a file
  in_.open(file_, std::ios::binary);
  if (!in_) { throw std::runtime_error(file_.string() + ": expected a readable file"); }
  is_array_ = peek_json(in_) == '[';
  if (is_array_) {
    in_.get();
  } else {
    in_.seekg(0);
  }
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
  char const mark = read_json_until(in_, ",]", text);
  if (mark == '\0') {
    if (number_ < 0) { return std::nullopt; }  // the end of the array has been seen
    throw std::runtime_error(where + ": expected the end of the array, got that of the file");
  }
  if (mark == ',') {
    ++number_;
  } else {
    in_.seekg(0, std::ios::end);
    bool const empty = number_ == 0 && text.find_first_not_of(blanks) == std::string::npos;
    number_ = -1;
    if (empty) { return std::nullopt; }
  }
  return json_row{std::move(text), where};
}

}  // namespace llava
