// SPDX-License-Identifier: MIT
#pragma once
/// \file  A small data set of generated pictures, pairs and regions, and what a run made of it.

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "llava/support/file.hpp"
#include "preference_images/build.hpp"
#include "preference_images/rebuild.hpp"
#include "support/files.hpp"
#include "support/png.hpp"

/// Every file below a folder by its relative path, but run.json, which names the folder's inputs.
inline std::map<std::string, std::string> files_below(std::filesystem::path const& folder)
{
  std::map<std::string, std::string> files;
  for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != "run.json") {
      files[entry.path().lexically_relative(folder).string()] = llava::read_file(entry.path());
    }
  }
  return files;
}

inline std::vector<nlohmann::json> lines_of(std::filesystem::path const& file)
{
  std::vector<nlohmann::json> lines;
  std::istringstream in(llava::read_file(file));
  for (std::string line; std::getline(in, line);) { lines.push_back(nlohmann::json::parse(line)); }
  return lines;
}

/// A gradient, so that no two rows or columns are alike.
inline std::vector<std::uint8_t> gradient(int width, int height, int channels)
{
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        pixels.push_back(static_cast<std::uint8_t>(40 + 3 * x + 2 * y + 20 * c));
      }
    }
  }
  return pixels;
}

inline std::string pair_line(std::string const& image, std::string const& chosen)
{
  return nlohmann::json{{"question", "What is there?"},
                        {"chosen", chosen},
                        {"rejected", "A green bus."},
                        {"image", image}}
             .dump() +
         "\n";
}

/// Pictures of 40 x 30 in photos/, pairs.jsonl and regions.jsonl.
struct sample_set {
  sample_set()
  {
    std::filesystem::create_directory(photos());
    put_png(photos() / "a.png", 40, 30, 3, gradient(40, 30, 3));
    put_png(photos() / "gr\u00fcn.png", 40, 30, 1, gradient(40, 30, 1));
    put_png(photos() / "alpha.png", 40, 30, 4, gradient(40, 30, 4));
    put_png(photos() / "dot.png", 1, 1, 3, {1, 2, 3});
    regions(
        R"({"image": "a.png", "regions": [{"label": "dogs", "score": 0.9, "box": [4, 5, 14, 25]},)"
        R"( {"label": "bench", "segmentation": [[20, 10, 35, 10, 35, 20, 20, 20]]},)"
        R"( {"label": "tree", "bbox": [0, 0, 40, 4]}]})"
        "\n"
        R"({"image": "gr\u00fcn.png", "boxes": [[0.5, 0.5, 0.5, 0.5]], "phrases": ["cat"],)"
        R"( "logits": [0.4]})"
        "\n");
    pairs(pair_line("a.png", "A brown dog sits on a wooden bench.") +
          pair_line("gr\u00fcn.png", "A cat sleeps.") + pair_line("alpha.png", "A red car.") +
          pair_line("a.png", "A tall house.") + pair_line("dot.png", "A dog."));
  }

  std::filesystem::path photos() const { return folder / "photos"; }
  void pairs(std::string const& lines) const { put_file(folder / "pairs.jsonl", lines); }
  void regions(std::string const& lines) const { put_file(folder / "regions.jsonl", lines); }

  preference_images::build_options options() const
  {
    preference_images::build_options o;
    o.pairs = (folder / "pairs.jsonl").string();
    o.images = photos().string();
    o.regions = (folder / "regions.jsonl").string();
    o.size = 28;
    o.part = 2;
    return o;
  }
  preference_images::build_report build(preference_images::build_options const& o,
                                        std::string const& output, int threads = 1,
                                        prefopt::index_t stop_after = 0) const
  {
    std::ostringstream log;
    return preference_images::build(o, {folder / output, threads, stop_after}, log);
  }
  /// The reason why a set of this one line has no pair.
  std::string reason(std::string const& line) const
  {
    pairs(line);
    std::filesystem::remove_all(folder / "out");
    auto const report = build(options(), "out");
    if (report.accepted != 0 || report.rejected != 1) { return "not rejected"; }
    return lines_of(folder / "out" / "rejected.jsonl").at(0).at("reason").get<std::string>();
  }

  temporary_folder folder;
};
