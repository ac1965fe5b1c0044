// SPDX-License-Identifier: MIT
/// \file  JPEG files: Pillow's pixels bit for bit with libjpeg-turbo, and refused where data are
/// missing.

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "llava/image/decode.hpp"
#include "llava/image/jpeg_decode.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/fixtures.hpp"

namespace {

struct golden_jpeg {
  std::string name, bytes, fnv1a64;
  prefopt::index_t width, height;
};

std::vector<golden_jpeg> golden_jpegs()
{
  std::ifstream file(image_fixture_dir() + "/pillow_jpeg_golden.json");
  REQUIRE(file);
  auto const golden = nlohmann::json::parse(file);
  std::vector<golden_jpeg> all;
  for (auto const& c : golden["cases"]) {
    auto const digits = c["jpeg"].get<std::string>();
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    }
    all.push_back({c["name"], bytes, c["fnv1a64"], c["width"], c["height"]});
  }
  REQUIRE(all.size() == 10);
  return all;
}

std::string error_of_bytes(temporary_folder const& folder, std::string const& bytes)
{
  return error_of([&] { llava::decode_image(put_file(folder / "x.jpg", bytes)); });
}

/// Where the coded data of the last scan begin.
std::size_t coded_data(std::string const& bytes)
{
  auto const scan = bytes.rfind("\xff\xda");
  return scan + 2 + static_cast<unsigned char>(bytes[scan + 3]);
}

}  // namespace

TEST_CASE("a JPEG has the pixels that Pillow gives it", "[preference_images]")
{
  if (!llava::has_libjpeg()) { WARN("built without libjpeg: sizes alone are compared"); }
  temporary_folder const folder;
  for (auto const& golden : golden_jpegs()) {
    INFO(golden.name);
    auto const image = llava::decode_image(put_file(folder / "x.jpg", golden.bytes));
    REQUIRE(image.width == golden.width);
    REQUIRE(image.height == golden.height);
    REQUIRE(image.channels == 3);
    if (llava::has_libjpeg()) { REQUIRE(fnv1a64(image.pixels) == golden.fnv1a64); }
  }
}

TEST_CASE("a JPEG that is cut anywhere is refused", "[preference_images]")
{
  temporary_folder const folder;
  for (auto const& golden : golden_jpegs()) {
    for (std::size_t kept = 2; kept < golden.bytes.size(); ++kept) {
      auto const error = error_of_bytes(folder, golden.bytes.substr(0, kept));
      if (!mentions(error, {"x.jpg", "truncated JPEG"})) {
        FAIL(golden.name << " cut to " << kept << ": " << error);
      }
    }
  }
}

TEST_CASE("a JPEG whose coded data end too early is refused, not filled with grey",
          "[preference_images]")
{
  if (!llava::has_libjpeg()) { return; }  // stb_image fills it
  temporary_folder const folder;
  for (auto const& golden : golden_jpegs()) {
    if (golden.width == 1) { continue; }  // too little to take something from
    std::string bytes = golden.bytes;
    auto const data = coded_data(bytes);
    auto const half = (bytes.size() - 2 - data) / 2;
    bytes.erase(data + half, bytes.size() - 2 - data - half);
    INFO(golden.name);
    REQUIRE(mentions(error_of_bytes(folder, bytes), {"x.jpg", "whole image", "Corrupt JPEG data"}));
  }
}

TEST_CASE("a JPEG's size is checked by its header, and its scans are counted",
          "[preference_images]")
{
  temporary_folder const folder;
  auto const golden = golden_jpegs();
  std::string bomb = golden[0].bytes;
  bomb.replace(bomb.find("\xff\xc0") + 5, 4, "\xff\xdc\xff\xdc");  // height and width
  REQUIRE(
      mentions(error_of_bytes(folder, bomb), {"x.jpg", "16384 pixels a side", "65500 x 65500"}));

  std::string scans = golden[4].bytes;
  auto const last = scans.rfind("\xff\xda");
  std::string const scan = scans.substr(last, scans.size() - 2 - last);
  std::string many;
  for (int i = 0; i < 500; ++i) { many += scan; }
  scans.insert(last, many);
  REQUIRE(mentions(error_of_bytes(folder, scans), {"x.jpg", "500 scans"}));
}

TEST_CASE("a grey JPEG is a mask by its levels", "[preference_images]")
{
  temporary_folder const folder;
  auto const grey = golden_jpegs()[7];
  auto const file = put_file(folder / "x.jpg", grey.bytes);
  auto const levels = llava::decode_image(file);
  auto const mask = llava::decode_mask(file, grey.width, grey.height, 100);
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    REQUIRE(mask.pixels[i] == (levels.pixels[3 * i] >= 100 ? 1 : 0));
  }
}
