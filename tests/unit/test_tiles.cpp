// SPDX-License-Identifier: MIT
/// \file  LLaVA-1.6's tiles against Pillow and Hugging Face's processor, and masks in them.

#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/image/tiles.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/fixtures.hpp"
#include "support/splitmix_image.hpp"

namespace {

using prefopt::byte_image;
using prefopt::image_extent;
using prefopt::index_t;

std::string fnv1a(std::vector<std::uint8_t> const& bytes)
{
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (auto const byte : bytes) { hash = (hash ^ byte) * 0x100000001b3u; }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

std::vector<std::string> hashes(std::vector<byte_image> const& images)
{
  std::vector<std::string> all;
  for (auto const& image : images) { all.push_back(fnv1a(image.pixels)); }
  return all;
}

image_extent extent_of(nlohmann::json const& pair)
{
  return {pair[0].get<index_t>(), pair[1].get<index_t>()};
}

/// The pinpoints for tiles of another size.
std::vector<image_extent> scaled(std::span<image_extent const> pinpoints, index_t size)
{
  std::vector<image_extent> out;
  for (auto const& p : pinpoints) { out.push_back({p.width / 336 * size, p.height / 336 * size}); }
  return out;
}

}  // namespace

TEST_CASE("tiles equal Pillow's, and Hugging Face's, bit for bit", "[tiles]")
{
  std::ifstream in(image_fixture_dir() + "/tiles_golden.json");
  auto const golden = nlohmann::json::parse(in);
  int compared = 0;
  for (auto const& c : golden["cases"]) {
    auto const size = c["size"].get<index_t>();
    auto const image = splitmix_image(c["width"].get<index_t>(), c["height"].get<index_t>());
    INFO(c["width"] << " x " << c["height"] << " in tiles of " << size);
    auto const pinpoints = scaled(prefopt::llava_pinpoints, size);
    prefopt::tile_options const options{.tile = {.size = size}, .pinpoints = pinpoints};
    REQUIRE(prefopt::best_pinpoint(image.width, image.height, pinpoints) == extent_of(c["best"]));
    REQUIRE(hashes(prefopt::tiled_images(image, options)) == c["fnv1a"]);

    auto const transposed = scaled(prefopt::hugging_face_pinpoints, size);
    prefopt::tile_options const theirs{.tile = {.size = size}, .pinpoints = transposed};
    REQUIRE(prefopt::best_pinpoint(image.width, image.height, transposed) ==
            extent_of(c["hugging_face_best"]));
    if (c["hugging_face_fnv1a"].empty()) { continue; }
    REQUIRE(hashes(prefopt::tiled_images(image, theirs)) == c["hugging_face_fnv1a"]);
    ++compared;
  }
  REQUIRE(golden["cases"].size() == 14);
  REQUIRE(compared == 13);
}

TEST_CASE("pictures become as many embeddings as in LLaVA-1.6", "[tiles]")
{
  // Counted with the formulas of LLaVA's own code; 2928 is its published maximum.
  REQUIRE(prefopt::tiled_token_count(1024, 899) == 2634);
  REQUIRE(prefopt::tiled_token_count(640, 480) == 2340);
  REQUIRE(prefopt::tiled_token_count(480, 640) == 2352);
  REQUIRE(prefopt::tiled_token_count(336, 336) == 1176);
  REQUIRE(prefopt::tiled_token_count(672, 672) == 2928);
  REQUIRE(prefopt::tiled_token_count(1000, 300) == 2182);
  REQUIRE(prefopt::tiled_token_count(333, 500) == 1476);
  REQUIRE(prefopt::tiled_token_count(1920, 1080) == 1948);  // 28 rows of features, not 27
  REQUIRE(prefopt::unpadded_features(29, 1) == image_extent{24, 0});
}

TEST_CASE("a mask lies on the tiles where its picture's region does", "[tiles]")
{
  // White where the mask is set, with edges that stay edges of pixels when halved and quartered.
  byte_image picture = prefopt::make_byte_image(112, 56, 3);
  byte_image mask = prefopt::make_byte_image(112, 56, 1);
  for (index_t y = 20; y < 48; ++y) {
    for (index_t x = 32; x < 88; ++x) {
      mask.at(x, y, 0) = 255;
      for (index_t c = 0; c < 3; ++c) { picture.at(x, y, c) = 255; }
    }
  }
  auto const pinpoints = scaled(prefopt::llava_pinpoints, 28);
  prefopt::tile_options const options{.tile = {.size = 28}, .pinpoints = pinpoints};
  auto const tiles = prefopt::tiled_images(picture, options);
  auto const masks = prefopt::preprocess_mask_tiles(mask, options);
  REQUIRE(tiles.size() == masks.size());
  index_t differing = 0, set = 0;
  for (std::size_t k = 0; k < tiles.size(); ++k) {
    for (std::size_t i = 0; i < masks[k].pixels.size(); ++i) {
      bool const bright = tiles[k].pixels[3 * i] > 127;
      differing += bright != (masks[k].pixels[i] == 1);
      set += masks[k].pixels[i];
    }
  }
  REQUIRE(differing == 0);
  REQUIRE(set > 500);
}

TEST_CASE("a region too small for a sample stays in the whole picture", "[tiles]")
{
  byte_image mask = prefopt::make_byte_image(2000, 1500, 1);
  mask.at(7, 9, 0) = 1;
  REQUIRE(prefopt::mask_area(prefopt::preprocess_mask_tiles(mask)[0]) == 1);
}

TEST_CASE("tiles are normalised like any picture, and wrong options are refused", "[tiles]")
{
  auto const image = splitmix_image(40, 30);
  auto const planes = prefopt::preprocess_tiles(image);
  auto const images = prefopt::tiled_images(image);
  REQUIRE(planes.size() == images.size());
  REQUIRE(planes[1].values == prefopt::normalise(images[1]).values);
  auto const error = [&](prefopt::tile_options const& options) {
    return error_of([&] { prefopt::make_tile_geometry(40, 30, options); });
  };
  REQUIRE(mentions(error({.tile = {.size = 100}}), {"pinpoints", "multiples", "100"}));
  REQUIRE(mentions(error({.tile = {.size = 0}}), {"pinpoints", "size 0"}));
  REQUIRE(mentions(error({.pinpoints = {}}), {"pinpoints", "none"}));
  REQUIRE(mentions(error_of([&] { prefopt::make_tile_geometry(0, 30); }), {"0 x 30"}));
  REQUIRE(mentions(error_of([&] { prefopt::tiled_images(prefopt::make_byte_image(2, 2, 1)); }),
                   {"3 channels"}));
}
