// SPDX-License-Identifier: MIT
/// \file  Regions: COCO's run lengths and polygons against pycocotools, boxes, masks, and what
/// malformed ones do.

#include <cstdint>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/image/box.hpp>
#include <prefopt/image/mask.hpp>
#include <prefopt/image/polygon.hpp>
#include <prefopt/image/run_lengths.hpp>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/fixtures.hpp"

using namespace prefopt;

namespace {

nlohmann::json golden_file(std::string const& name)
{
  std::ifstream file(image_fixture_dir() + "/" + name);
  REQUIRE(file);
  return nlohmann::json::parse(file);
}

/// The mask that the unions of the golden file were made with.
byte_image formula_mask(index_t width, index_t height)
{
  byte_image mask = make_mask(width, height);
  for (index_t y = 0; y < min(height, index_t{8}); ++y) {
    for (index_t x = 0; x < min(width, index_t{8}); ++x) {
      mask.at(x, y, 0) = (3 * x + 5 * y) % 7 == 0 ? 1 : 0;
    }
  }
  return mask;
}

}  // namespace

TEST_CASE("run lengths equal pycocotools both ways, with area, box and union", "[regions]")
{
  auto const golden = golden_file("coco_masks_golden.json");
  REQUIRE(golden["masks"].size() == 200);
  int plain = 0;
  for (auto const& c : golden["masks"]) {
    auto const width = c["width"].get<index_t>(), height = c["height"].get<index_t>();
    auto const text = c["text"].get<std::string>();
    CAPTURE(width, height, text);
    run_lengths const runs = read_counts(text, width, height);
    byte_image const mask = decode_runs(runs);
    REQUIRE(fnv1a64(mask.pixels) == c["fnv1a64"].get<std::string>());
    REQUIRE(write_counts(runs) == text);
    REQUIRE(encode_runs(mask).counts == runs.counts);
    if (c.contains("counts")) {
      REQUIRE(runs.counts == c["counts"].get<std::vector<index_t>>());
      ++plain;
    }

    auto const xywh = c["bbox"].get<std::vector<index_t>>();
    pixel_box const box{xywh[0], xywh[1], xywh[0] + xywh[2], xywh[1] + xywh[3]};
    REQUIRE(run_area(runs) == c["area"].get<index_t>());
    REQUIRE(mask_area(mask) == c["area"].get<index_t>());
    REQUIRE(run_bounds(runs) == box);
    REQUIRE(mask_bounds(mask) == box);

    byte_image const other = formula_mask(width, height);
    byte_image both = mask;
    unite(both, other);
    run_lengths const united = unite_runs(runs, encode_runs(other));
    REQUIRE(fnv1a64(both.pixels) == c["union_fnv1a64"].get<std::string>());
    REQUIRE(united.counts == encode_runs(both).counts);
    REQUIRE(run_area(united) == c["union_area"].get<index_t>());
  }
  REQUIRE(plain > 150);
}

TEST_CASE("polygons are drawn pixel for pixel as by pycocotools", "[regions]")
{
  auto const golden = golden_file("coco_polygons_golden.json");
  REQUIRE(golden["cases"].size() == 240);
  for (auto const& c : golden["cases"]) {
    auto const width = c["width"].get<index_t>(), height = c["height"].get<index_t>();
    CAPTURE(c.dump());
    auto const mask =
        mask_of_polygons(c["polygons"].get<std::vector<std::vector<double>>>(), width, height);
    REQUIRE(write_counts(encode_runs(mask)) == c["text"].get<std::string>());
    REQUIRE(mask_area(mask) == c["area"].get<index_t>());
  }
}
