// SPDX-License-Identifier: MIT
#include "preference_images/contact_sheet.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <prefopt/image/box.hpp>
#include <prefopt/image/resize.hpp>

#include "llava/data/json_rows.hpp"
#include "llava/image/decode.hpp"
#include "llava/support/file.hpp"
#include "llava/support/json.hpp"
#include "preference_images/negative.hpp"
#include "preference_images/options.hpp"
#include "preference_images/picture_path.hpp"
#include "preference_images/png.hpp"

namespace preference_images {
namespace {

using nlohmann::json;

constexpr char page_head[] = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Preference set</title>
<style>
body { font: 15px/1.4 sans-serif; margin: 1.5em auto; max-width: 1080px; color: #222; background: #fff }
section { border-top: 1px solid #ccc; padding: 1em 0 }
.pictures { display: flex; gap: 12px }
figure { margin: 0; flex: 1 }
img { width: 100%; display: block }
figcaption { color: #666; font-size: 13px }
p { margin: .4em 0 }
b { font-weight: 600 }
.note { color: #666; font-size: 13px }
</style></head><body>
)";

std::string escaped(std::string const& text)
{
  std::string html;
  for (char const c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

/// At most 336 pixels a side, which is what a column of the page shows.
byte_image thumbnail(byte_image const& image)
{
  constexpr index_t most = 336;
  index_t const side = std::max(image.width, image.height);
  if (side <= most) { return image; }
  return prefopt::resize_bicubic(image, std::max(image.width * most / side, index_t{1}),
                                 std::max(image.height * most / side, index_t{1}));
}

std::string figure(byte_image const& image, std::string const& caption)
{
  return "<figure><img alt=\"" + caption + "\" src=\"data:image/png;base64," +
         base64(png_file(thumbnail(image))) + "\"><figcaption>" + caption +
         "</figcaption></figure>\n";
}

/// The picture dimmed outside the region, whose border is drawn: both can be dark.
byte_image with_region(byte_image picture, byte_image const& region)
{
  constexpr std::array<std::uint8_t, 3> border{255, 0, 200};
  auto const inside = [&](index_t x, index_t y) {
    bool const on = x >= 0 && y >= 0 && x < region.width && y < region.height;
    return on && region.at(x, y, 0) != 0;
  };
  for (index_t y = 0; y < region.height; ++y) {
    for (index_t x = 0; x < region.width; ++x) {
      bool const within = inside(x, y);
      bool const edge =
          within && !(inside(x - 1, y) && inside(x + 1, y) && inside(x, y - 1) && inside(x, y + 1));
      for (index_t c = 0; c < 3; ++c) {
        auto& pixel = picture.at(x, y, c);
        pixel = edge     ? border[static_cast<std::size_t>(c)]
                : within ? pixel
                         : static_cast<std::uint8_t>(pixel / 4);
      }
    }
  }
  return picture;
}

std::string joined(json const& texts)
{
  std::string line;
  for (json const& text : texts) {
    line += (line.empty() ? "" : ", ") + escaped(text.get<std::string>());
  }
  return line;
}

std::string matches(json const& regions)
{
  std::string line;
  for (json const& found : regions) {
    char score[16];
    std::snprintf(score, sizeof score, "%.2f", found.at("score").get<double>());
    line += (line.empty() ? "" : ", ") + escaped(found.at("keyword").get<std::string>()) +
            " &rarr; " + escaped(found.at("label").get<std::string>()) + " (" + score + ")";
  }
  return line;
}

std::string section(json const& line, byte_image const& picture)
{
  negative_recipe const recipe = from_record(line.at("negative"));
  negative_recipe shown = recipe;
  if (recipe.box) {
    shown.region = prefopt::mask_of_pixels(*recipe.box, picture.width, picture.height);
  }
  byte_image const frame = framed(picture, recipe);
  char share[32];
  std::snprintf(share, sizeof share, "%.1f %%", 100 * line.at("share").get<double>());
  std::string const what = recipe.box                       ? "crop"
                           : line.at("whole_image") == true ? "whole picture"
                                                            : share;
  auto const text = [&](char const* field) { return escaped(line.at(field).get<std::string>()); };
  std::string html = "<section>\n<div class=\"pictures\">\n" + figure(frame, "original") +
                     figure(with_region(frame, framed_region(shown)), "region: " + what) +
                     figure(make_negative(picture, recipe).look, "negative: " + recipe.corruption) +
                     "</div>\n<p><b>" + text("question") +
                     "</b></p>\n<p>chosen: " + text("chosen") +
                     "</p>\n<p>rejected: " + text("rejected") +
                     "</p>\n<p>keywords: " + joined(line.at("keywords")) + "</p>\n";
  if (!line.at("regions").empty()) { html += "<p>found: " + matches(line["regions"]) + "</p>\n"; }
  html += "<p class=\"note\">row " + line.at("row").dump() + ", " + text("image") + ", mode " +
          text("mode") + ", seed " + line["negative"].at("seed").dump() + "</p>\n</section>\n";
  return html;
}

}  // namespace

void write_contact_sheet(std::filesystem::path const& set, std::filesystem::path const& images,
                         index_t count)
{
  auto const settings =
      llava::parse_json(llava::read_file(set / "run.json"), (set / "run.json").string());
  llava::decode_limits const limits = limits_of(settings.get<build_options>());
  index_t total = 0;
  for (llava::json_rows rows(set / "pairs.jsonl"); rows.next();) { ++total; }
  count = std::min(count, total);
  llava::write_file(set / "preview.html", [&](llava::byte_sink const& sink) {
    auto const put = [&sink](std::string const& text) { sink(std::as_bytes(std::span(text))); };
    put(page_head);
    put("<h1>" + std::to_string(count) + " of " + std::to_string(total) + " pairs</h1>\n");
    llava::json_rows rows(set / "pairs.jsonl");
    index_t shown = 0;
    for (index_t i = 0; shown < count; ++i) {
      auto const row = rows.next();
      if (i != shown * total / count) { continue; }
      json const line = llava::parse_json(row->text, row->where);
      put(section(line, llava::decode_image(file_below(images, line.at("image").get<std::string>()),
                                            limits)));
      ++shown;
    }
    put("</body></html>\n");
  });
}

}  // namespace preference_images
