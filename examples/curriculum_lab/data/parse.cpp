// SPDX-License-Identifier: MIT
#include "curriculum_lab/data/parse.hpp"

#include <charconv>
#include <stdexcept>

namespace curriculum_lab {
namespace {

std::string_view trimmed(std::string_view text)
{
  constexpr std::string_view blanks = " \t\r";
  auto const first = text.find_first_not_of(blanks);
  if (first == text.npos) { return {}; }
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

template <class Number>
Number parse(std::string_view text, std::string const& where, char const* expected)
{
  std::string_view digits = trimmed(text);
  if (digits.starts_with('+')) { digits.remove_prefix(1); }
  Number value{};
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) { fail(where, "a number in range", as_quote(text)); }
  if (error != std::errc() || end != digits.data() + digits.size()) {
    fail(where, expected, as_quote(text));
  }
  return value;
}

}  // namespace

void fail(std::string const& where, std::string const& expected, std::string const& got)
{
  throw std::invalid_argument(where + ": expected " + expected + ", got " + got);
}

std::string as_quote(std::string_view text)
{
  constexpr std::size_t longest = 60;
  std::string const shown(text.substr(0, longest));
  return "'" + shown + (text.size() > longest ? "...'" : "'");
}

std::string joined(std::vector<std::string> const& words)
{
  std::string all;
  for (std::string const& word : words) { all += (all.empty() ? "" : ", ") + word; }
  return all;
}

double parse_number(std::string_view text, std::string const& where)
{
  return parse<double>(text, where, "a number");
}

index_t parse_count(std::string_view text, std::string const& where)
{
  return parse<index_t>(text, where, "a whole number");
}

std::vector<double> parse_numbers(std::string_view text, std::string const& where)
{
  std::vector<double> numbers;
  while (!text.empty()) {
    auto const comma = text.find(',');
    numbers.push_back(parse_number(text.substr(0, comma), where));
    if (comma == text.npos) { break; }
    text.remove_prefix(comma + 1);
    if (text.empty()) { fail(where, "a number after the last comma", "nothing"); }
  }
  return numbers;
}

}  // namespace curriculum_lab
