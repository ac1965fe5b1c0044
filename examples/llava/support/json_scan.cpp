// SPDX-License-Identifier: MIT
#include "llava/support/json_scan.hpp"

namespace llava {

char read_json_until(std::istream& in, std::string_view marks, std::string& text)
{
  text.clear();
  constexpr auto end = std::char_traits<char>::eof();
  int depth = 0;
  bool in_string = false, escaped = false;
  for (int next = in.rdbuf()->sbumpc(); next != end; next = in.rdbuf()->sbumpc()) {
    auto const c = static_cast<char>(next);
    if (!in_string && depth == 0 && marks.find(c) != std::string_view::npos) { return c; }
    text += c;
    in_string = c == '"' && !escaped ? !in_string : in_string;
    escaped = in_string && c == '\\' && !escaped;
    if (!in_string && (c == '{' || c == '[')) { ++depth; }
    if (!in_string && (c == '}' || c == ']')) { --depth; }
  }
  return '\0';
}

char peek_json(std::istream& in)
{
  constexpr std::string_view blanks = " \t\r\n";
  constexpr auto end = std::char_traits<char>::eof();
  for (int next = in.rdbuf()->sgetc(); next != end; next = in.rdbuf()->snextc()) {
    if (blanks.find(static_cast<char>(next)) == std::string_view::npos) {
      return static_cast<char>(next);
    }
  }
  return '\0';
}

}  // namespace llava
