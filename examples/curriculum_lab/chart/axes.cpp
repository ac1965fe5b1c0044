// SPDX-License-Identifier: MIT
#include "curriculum_lab/chart/axes.hpp"

#include <cmath>

#include "curriculum_lab/chart/number.hpp"

namespace curriculum_lab {
namespace {

int wanted_along(double length)
{
  return length < 200 ? 3 : 5;
}

/// The largest power of ten that is not above x, within 1e-300 and 1e300: by products, which are
/// the same on every machine where `std::pow` is not.
double power_of_ten(double x)
{
  double power = 1;
  while (power > x && power > 1e-300) { power /= 10; }
  while (power * 10 <= x && power < 1e300) { power *= 10; }
  return power;
}

std::string label_of(axis const& along, double value)
{
  return along.percent ? fixed_number(100 * value, 1) + "%" : axis_number(value);
}

/// Bytes that begin a character of UTF-8, as a width of about 5.9 pixels each.
double width_of(std::string_view text)
{
  double characters = 0;
  for (char const c : text) {
    characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  }
  return 5.9 * characters;
}

}  // namespace

std::vector<double> ticks(axis const& along, int wanted)
{
  double const span = along.high - along.low;
  double const power = power_of_ten(span / wanted);
  double step = power;
  for (double const times : {1.0, 2.0, 5.0, 10.0}) {
    step = times * power;
    if (span / step <= wanted + 0.5) { break; }
  }
  if (along.whole && step < 1) { step = 1; }
  std::vector<double> at;
  double const first = std::ceil(along.low / step - 1e-9), last = along.high / step + 1e-9;
  for (double k = first; k <= last; ++k) { at.push_back(k * step + 0.0); }  // no -0
  return at;
}

void draw_grid(canvas& to, plot const& on)
{
  for (double const value : ticks(on.x, wanted_along(on.width))) {
    to.line(on.px(value), on.top, on.px(value), on.bottom(), "g");
  }
  for (double const value : ticks(on.y, wanted_along(on.height))) {
    to.line(on.left, on.py(value), on.right(), on.py(value), "g");
  }
}

void draw_axes(canvas& to, plot const& on, bool with_y)
{
  to.rectangle(on.left, on.top, on.width, on.height, "f");
  for (double const value : ticks(on.x, wanted_along(on.width))) {
    to.text(on.px(value), on.bottom() + 15, label_of(on.x, value), "n", anchor::middle);
  }
  to.text(on.left + on.width / 2, on.bottom() + 31, on.x.label, "t", anchor::middle);
  if (!with_y) { return; }
  for (double const value : ticks(on.y, wanted_along(on.height))) {
    to.text(on.left - 6, on.py(value) + 4, label_of(on.y, value), "n", anchor::end);
  }
  to.text(on.left - 46, on.top + on.height / 2, on.y.label, "t", anchor::middle, true);
}

void legend::moved(std::string_view text, double gap)
{
  x_ += width_of(text) + gap;
}

void legend::line(std::string_view look, std::string_view meaning)
{
  to_.line(x_, y_ - 4, x_ + 22, y_ - 4, look);
  to_.text(x_ + 27, y_, meaning, "n");
  moved(meaning, 27 + 16);
}

void legend::area(std::string_view look, std::string_view meaning, double gap)
{
  to_.rectangle(x_, y_ - 9, 12, 10, look);
  to_.text(x_ + 16, y_, meaning, "n");
  moved(meaning, 16 + gap);
}

void legend::words(std::string_view text)
{
  to_.text(x_, y_, text, "n");
  moved(text, 8);
}

}  // namespace curriculum_lab
