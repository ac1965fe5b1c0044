// SPDX-License-Identifier: MIT
#pragma once
/// \file  A drawing: shapes and texts in classes, whose colours follow the reader's light or dark
/// mode.

#include <string>
#include <string_view>

namespace curriculum_lab {

/// "&", "<", ">" and quotes as XML and HTML write them.
std::string escaped(std::string_view text);
/// A coordinate, to a tenth of a pixel.
std::string pixels(double x);

enum class anchor { start, middle, end };

/// Coordinates in pixels, from the upper left corner. Classes are those of canvas.cpp.
class canvas {
 public:
  canvas(double width, double height, std::string_view title);

  void line(double x1, double y1, double x2, double y2, std::string_view look);
  void rectangle(double x, double y, double width, double height, std::string_view look);
  /// `data` as in SVG's path element, in whole cells of a grid if `scale` is given.
  void path(std::string_view data, std::string_view look);
  void grid_path(std::string_view data, std::string_view look, double x, double y,
                 double cell_width, double cell_height);
  void text(double x, double y, std::string_view words, std::string_view look = "t",
            anchor from = anchor::start, bool upwards = false);

  /// The whole file, with its colours in it.
  std::string svg() const;

 private:
  std::string body_;
  double width_, height_;
};

/// Points joined by lines, left out where they would not show: "M1 2L3 4".
class polyline {
 public:
  void to(double x, double y);
  /// A step: along x first, then along y.
  void step_to(double x, double y);
  void interrupt() { begins_ = true; }
  std::string const& data() const { return data_; }

 private:
  std::string data_, last_;
  double y_ = 0;
  bool begins_ = true;
};

}  // namespace curriculum_lab
