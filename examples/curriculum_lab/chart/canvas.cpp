// SPDX-License-Identifier: MIT
#include "curriculum_lab/chart/canvas.hpp"

#include "curriculum_lab/chart/number.hpp"

namespace curriculum_lab {
namespace {

// b ground, t text, n note, g grid, f frame, d dashed, a accent line, w drawn range, o open range,
// h1 to h9 heat from rare to often, c1 to c7 lines told apart, k the swatch of one of them. Plain
// rules without variables: not every viewer of SVG knows those.
constexpr std::string_view style = R"(<style>
text{font:11px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
.t{fill:#1f2328}.n{fill:#59636e}.e{fill:#1f2328;font-size:14px;font-weight:600}
.b{fill:#fff}.g,.f,.d,.a,.m{fill:none}.g{stroke:#eaeef2}.f{stroke:#8c959f}
.d{stroke:#59636e;stroke-dasharray:4 3}.a{stroke:#d9480f;stroke-width:1.8}
.m{stroke:#1f2328;stroke-width:1.4;stroke-dasharray:6 3}.w{fill:#9ecae1}.o{fill:#d9480f;fill-opacity:.13}
.h1{fill:#e9f2fb}.h2{fill:#d3e4f3}.h3{fill:#b3d3e8}.h4{fill:#8fc1de}.h5{fill:#66abd4}.h6{fill:#4292c6}.h7{fill:#2171b5}.h8{fill:#08519c}.h9{fill:#08264f}
.c1,.c2,.c3,.c4,.c5,.c6,.c7{fill:none;stroke-width:1.8}.c1{stroke:#0969da}.c2{stroke:#d9480f}.c3{stroke:#1a7f37}
.c4{stroke:#8250df}.c5{stroke:#bf3989}.c6{stroke:#9a6700}.c7{stroke:#57606a}
@media (prefers-color-scheme:dark){.t,.e{fill:#e6edf3}.n{fill:#9198a1}.b{fill:#0d1117}.g{stroke:#21262d}
.f{stroke:#656d76}.d{stroke:#9198a1}.a{stroke:#ff922b}.m{stroke:#e6edf3}.w{fill:#1f5f99}.o{fill:#ff922b;fill-opacity:.16}
.h1{fill:#0f1e33}.h2{fill:#11294a}.h3{fill:#143a69}.h4{fill:#194d88}.h5{fill:#2163a8}.h6{fill:#357fc9}.h7{fill:#5a9fe2}.h8{fill:#92c6f5}.h9{fill:#d9ecff}
.c1{stroke:#58a6ff}.c2{stroke:#ff922b}.c3{stroke:#3fb950}.c4{stroke:#a371f7}.c5{stroke:#f778ba}.c6{stroke:#d29922}.c7{stroke:#9198a1}}
</style>
)";

std::string quoted_look(std::string_view look)
{
  return " class=\"" + std::string(look) + "\"";
}

}  // namespace

std::string escaped(std::string_view text)
{
  std::string safe;
  for (char const c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string pixels(double x)
{
  return fixed_number(x, 1);
}

canvas::canvas(double width, double height, std::string_view title) : width_(width), height_(height)
{
  body_ = "<title>" + escaped(title) + "</title>\n";
  rectangle(0, 0, width, height, "b");
}

void canvas::line(double x1, double y1, double x2, double y2, std::string_view look)
{
  path("M" + pixels(x1) + " " + pixels(y1) + "L" + pixels(x2) + " " + pixels(y2), look);
}

void canvas::rectangle(double x, double y, double width, double height, std::string_view look)
{
  body_ += "<rect x=\"" + pixels(x) + "\" y=\"" + pixels(y) + "\" width=\"" + pixels(width) +
           "\" height=\"" + pixels(height) + "\"" + quoted_look(look) + "/>\n";
}

void canvas::path(std::string_view data, std::string_view look)
{
  if (data.empty()) { return; }
  body_ += "<path d=\"" + std::string(data) + "\"" + quoted_look(look) + "/>\n";
}

void canvas::grid_path(std::string_view data, std::string_view look, double x, double y,
                       double cell_width, double cell_height)
{
  if (data.empty()) { return; }
  body_ += "<path transform=\"translate(" + pixels(x) + " " + pixels(y) + ") scale(" +
           fixed_number(cell_width, 4) + " " + fixed_number(cell_height, 4) +
           ")\" shape-rendering=\"crispEdges\" d=\"" + std::string(data) + "\"" +
           quoted_look(look) + "/>\n";
}

void canvas::text(double x, double y, std::string_view words, std::string_view look, anchor from,
                  bool upwards)
{
  body_ += "<text x=\"" + pixels(x) + "\" y=\"" + pixels(y) + "\"" + quoted_look(look);
  if (from != anchor::start) {
    body_ += std::string(" text-anchor=\"") + (from == anchor::middle ? "middle" : "end") + "\"";
  }
  if (upwards) { body_ += " transform=\"rotate(-90 " + pixels(x) + " " + pixels(y) + ")\""; }
  body_ += ">" + escaped(words) + "</text>\n";
}

std::string canvas::svg() const
{
  std::string const size = pixels(width_) + " " + pixels(height_);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 " + size +
         "\" width=\"" + pixels(width_) + "\">\n" + std::string(style) + body_ + "</svg>\n";
}

void polyline::to(double x, double y)
{
  std::string const point = pixels(x) + " " + pixels(y);
  y_ = y;
  if (!begins_ && point == last_) { return; }
  data_ += (begins_ ? "M" : "L") + point;
  last_ = point;
  begins_ = false;
}

void polyline::step_to(double x, double y)
{
  if (!begins_ && pixels(y) == pixels(y_)) { return; }
  if (!begins_) { to(x, y_); }
  to(x, y);
}

}  // namespace curriculum_lab
