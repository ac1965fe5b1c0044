// SPDX-License-Identifier: MIT
#include "curriculum_lab/chart/number.hpp"

#include <charconv>
#include <cmath>

namespace curriculum_lab {

namespace {

/// Computed numbers often lie half way between two roundings, but for a last bit that depends on
/// the math library. A ten-thousandth of the last decimal upwards, halves lie where no number is
/// wanted.
double off_halves(double x, int decimals)
{
  return x + 1e-4 * std::pow(10, -decimals);
}

}  // namespace

std::string fixed_number(double x, int decimals)
{
  char text[400];
  auto const result = std::to_chars(text, text + sizeof text, off_halves(x, decimals),
                                    std::chars_format::fixed, decimals);
  std::string digits(text, result.ptr);
  if (digits.find('.') != digits.npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.ends_with('.')) { digits.pop_back(); }
  }
  return digits == "-0" ? "0" : digits;
}

std::string short_number(double x)
{
  char text[64];
  auto const result = std::to_chars(text, text + sizeof text, x, std::chars_format::general, 6);
  return {text, result.ptr};
}

std::string exact_number(double x)
{
  char text[64];
  auto const result = std::to_chars(text, text + sizeof text, x);
  return {text, result.ptr};
}

std::string axis_number(double x)
{
  double const size = std::fabs(x);
  if (size >= 1e13) { return short_number(x); }
  if (size >= 1e9) { return fixed_number(x / 1e9, 2) + "G"; }
  if (size >= 1e6) { return fixed_number(x / 1e6, 2) + "M"; }
  if (size >= 1e4) { return fixed_number(x / 1e3, 2) + "k"; }
  return short_number(x);
}

}  // namespace curriculum_lab
