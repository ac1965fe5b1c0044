// SPDX-License-Identifier: MIT
/// \file  JPEG files: Pillow's pixels bit for bit with libjpeg-turbo, and refused where data are
/// missing.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "llava/image/decode.hpp"
#include "llava/image/jpeg_decode.hpp"
#include "llava/support/file.hpp"
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

struct byte_range {
  std::size_t begin, end;
};

/// Each scan with its coded data, from its marker to the next one that is no restart.
std::vector<byte_range> scans_of(std::string const& bytes)
{
  std::vector<byte_range> all;
  for (auto i = bytes.find("\xff\xda"); i != std::string::npos; i = bytes.find("\xff\xda", i)) {
    auto const begin = i++;
    auto const is_marker = [&] {
      int const next = static_cast<unsigned char>(bytes[i + 1]);
      return bytes[i] == '\xff' && next != 0 && (next < 0xd0 || next > 0xd7);
    };
    while (!is_marker()) { ++i; }
    all.push_back({begin, i});
  }
  return all;
}

std::string segment(char marker, std::string const& body)
{
  return std::string("\xff") + marker + '\0' + static_cast<char>(body.size() + 2) + body;
}

/// Mid-grey, 8 x 8 pixels, sequential, each of the three components in a scan of its own.
std::string jpeg_of_three_scans()
{
  auto const bytes = [](std::initializer_list<int> values) {
    std::string text;
    for (int const value : values) { text += static_cast<char>(value); }
    return text;
  };
  auto const one_code = [&](int table) {  // 0 is zero: no difference, or the end of the block
    return segment('\xc4', bytes({table, 1}) + std::string(16, '\0'));
  };
  std::string jpeg =
      "\xff\xd8" + segment('\xdb', bytes({0}) + std::string(64, '\1')) +
      segment('\xc0', bytes({8, 0, 8, 0, 8, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0})) + one_code(0) +
      one_code(0x10);
  for (int const component : {1, 2, 3}) {
    jpeg += segment('\xda', bytes({1, component, 0, 0, 63, 0})) + '\x3f';
  }
  return jpeg + "\xff\xd9";
}

}  // namespace

TEST_CASE("a JPEG has the pixels that Pillow gives it", "[preference_images]")
{
  if (!llava::has_libjpeg()) { WARN("built without libjpeg-turbo: sizes alone are compared"); }
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
  if (!llava::has_libjpeg()) {
    WARN("built without libjpeg-turbo: missing data are not tested, stb_image fills them in");
    return;
  }
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

TEST_CASE("a JPEG whose scans are missing is refused, not left blurred", "[preference_images]")
{
  if (!llava::has_libjpeg()) {
    WARN("built without libjpeg-turbo: missing scans are not tested, stb_image lets them pass");
    return;
  }
  temporary_folder const folder;
  auto const golden = golden_jpegs()[4];
  REQUIRE(golden.name == "progressive 4:2:0");
  auto const scans = scans_of(golden.bytes);
  REQUIRE(scans.size() == 10);
  for (std::size_t i = 0; i < scans.size(); ++i) {
    INFO("scan " << i);
    if (i > 0) {
      REQUIRE(mentions(error_of_bytes(folder, golden.bytes.substr(0, scans[i].begin) + "\xff\xd9"),
                       {"x.jpg", "whole image", "missing scans"}));
    }
    std::string without = golden.bytes;
    without.erase(scans[i].begin, scans[i].end - scans[i].begin);
    REQUIRE(mentions(error_of_bytes(folder, without), {"x.jpg", "whole image"}));
  }

  std::string const sequential = jpeg_of_three_scans();
  auto const grey = llava::decode_image(put_file(folder / "x.jpg", sequential));
  REQUIRE(grey.pixels == std::vector<std::uint8_t>(8 * 8 * 3, 128));
  for (auto const& scan : scans_of(sequential)) {
    std::string without = sequential;
    without.erase(scan.begin, scan.end - scan.begin);
    REQUIRE(mentions(error_of_bytes(folder, without), {"x.jpg", "missing scans"}));
  }
}

TEST_CASE("a small progressive JPEG cannot ask for much memory", "[preference_images]")
{
  if (!llava::has_libjpeg()) {
    WARN("built without libjpeg-turbo: its memory is not tested");
    return;
  }
  auto const file = image_fixture_dir() + "/bomb.jpg";
  std::string const bomb = llava::read_file(file);
  REQUIRE(bomb.size() == 533);
  REQUIRE(mentions(error_of([&] { llava::decode_image(file); }),
                   {"bomb.jpg", "256 MiB of coefficients", "512 MiB"}));
  REQUIRE(mentions(error_of([&] { llava::jpeg_pixels(bomb); }), {"512 MiB"}));
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
