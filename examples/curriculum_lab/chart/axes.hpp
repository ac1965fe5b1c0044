// SPDX-License-Identifier: MIT
#pragma once
/// \file  Axes: from numbers to pixels, with ticks at round numbers.

#include <string>
#include <string_view>
#include <vector>

#include "curriculum_lab/chart/canvas.hpp"

namespace curriculum_lab {

struct axis {
  std::string label;
  double low = 0;
  double high = 1;
  bool whole = false;    ///< ticks at whole numbers only
  bool percent = false;  ///< a share
};

/// Round numbers of low to high, about `wanted` of them.
std::vector<double> ticks(axis const& along, int wanted);

struct plot {
  double left = 0, top = 0, width = 0, height = 0;
  axis x, y;

  double right() const { return left + width; }
  double bottom() const { return top + height; }
  double px(double value) const { return left + width * (value - x.low) / (x.high - x.low); }
  double py(double value) const { return bottom() - height * (value - y.low) / (y.high - y.low); }
};

/// Ground lines at the ticks. Before what is plotted.
void draw_grid(canvas& to, plot const& on);
/// Frame, ticks and labels; of y only on the left side of a row of plots. After what is plotted.
void draw_axes(canvas& to, plot const& on, bool with_y = true);

/// A row of samples of looks with their meaning; `entry` moves on.
class legend {
 public:
  legend(canvas& to, double x, double y) : to_(to), x_(x), y_(y) {}
  void line(std::string_view look, std::string_view meaning);
  void area(std::string_view look, std::string_view meaning, double gap = 14);
  void words(std::string_view text);

 private:
  void moved(std::string_view text, double gap);

  canvas& to_;
  double x_, y_;
};

}  // namespace curriculum_lab
