// SPDX-License-Identifier: MIT
/// \file  Regions: COCO's run lengths and polygons against pycocotools, boxes, masks, and what
/// malformed ones do.

#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/core/hash.hpp>
#include <prefopt/image/box.hpp>
#include <prefopt/image/keyword_match.hpp>
#include <prefopt/image/mask.hpp>
#include <prefopt/image/polygon.hpp>
#include <prefopt/image/preprocess.hpp>
#include <prefopt/image/random_region.hpp>
#include <prefopt/image/region.hpp>
#include <prefopt/image/resize.hpp>
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

index_t sum(std::vector<index_t> const& counts)
{
  index_t total = 0;
  for (auto const count : counts) { total += count; }
  return total;
}

region labelled(std::string const& label, double score = 1)
{
  return {label, score, make_mask(4, 2)};
}

/// Regions found for one keyword.
std::vector<index_t> found(std::string const& keyword, std::vector<region> const& regions,
                           match_options const& options = {})
{
  std::vector<std::string> const keywords{keyword};
  return match_keywords(keywords, regions, options).at(0).regions;
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

TEST_CASE("malformed run lengths are refused with the place and what was there", "[regions]")
{
  auto const error = [](std::string const& text, index_t width = 4, index_t height = 3) {
    return error_of<std::invalid_argument>([&] { read_counts(text, width, height); });
  };
  CHECK(error("<") == "no error");  // 12 pixels outside
  CHECK(error("") ==
        "prefopt::read_counts: character 0: expected counts of 12 more pixels, got the end");
  CHECK(error("5") ==
        "prefopt::read_counts: character 1: expected counts of 7 more pixels, got the end");
  CHECK(error("=") ==
        "prefopt::read_counts: character 1: expected a count from 0 to the 12 pixels "
        "left, got 13");
  CHECK(mentions(error("<1"), {"character 2", "0 pixels left, got 1"}));
  CHECK(mentions(error("O"), {"character 1", "got -1"}));
  CHECK(mentions(error("5/"), {"character 1", "'0' to 'o'", "byte 47"}));
  CHECK(mentions(error("p"), {"character 0", "byte 112"}));
  CHECK(mentions(error("5\xff"), {"character 1", "byte 255"}));
  CHECK(mentions(error(std::string("5\0", 2)), {"character 1", "byte 0"}));
  CHECK(mentions(error("5P"), {"character 2", "the rest of a number, got the end"}));
  CHECK(mentions(error("PPPPPPPPPP0"), {"character 7", "after 7 characters"}));
  CHECK(mentions(error("ooooooO"), {"got -1"}));  // a negative of 7 characters
  CHECK(mentions(error("<", 0, 3), {"size", "0 x 3"}));
  CHECK(mentions(error("<", 4, -3), {"size", "4 x -3"}));
  // A few characters that ask for 10^18 pixels ask for nothing.
  CHECK(mentions(error("<", 1000000000, 1000000000), {"size", "268435456 pixels"}));
  CHECK(mentions(error("<", std::numeric_limits<index_t>::max(), 2), {"size"}));

  auto const plain = [](std::vector<index_t> const& counts) {
    return error_of<std::invalid_argument>([&] { decode_runs({4, 3, counts}); });
  };
  CHECK(plain({0, 12}) == "no error");
  CHECK(plain({3, 0, 0, 0, 9}) == "no error");
  CHECK(mentions(plain({}), {"a sum of 12, got 0"}));
  CHECK(mentions(plain({3, 4}), {"a sum of 12, got 7"}));
  CHECK(mentions(plain({3, -4, 13}), {"-4 where 9 pixels were left"}));
  CHECK(mentions(plain({5, std::numeric_limits<index_t>::max(), 8}), {"where 7 pixels were left"}));
  CHECK_THROWS_AS(unite_runs({4, 3, {12}}, {3, 4, {12}}), std::invalid_argument);
  CHECK_THROWS_AS(write_counts({4, 3, {11}}), std::invalid_argument);
}

TEST_CASE("runs of no pixels and runs cut in two mean what they say", "[regions]")
{
  run_lengths const odd{4, 3, {2, 0, 1, 2, 0, 3, 4}};
  CHECK(sum(odd.counts) == 12);
  CHECK(encode_runs(decode_runs(odd)).counts == std::vector<index_t>{3, 5, 4});
  CHECK(run_area(odd) == 5);
  CHECK(run_bounds(odd) == pixel_box{1, 0, 3, 3});
  CHECK(unite_runs(odd, odd).counts == std::vector<index_t>{3, 5, 4});
  CHECK(unite_runs(odd, {4, 3, {12}}).counts == std::vector<index_t>{3, 5, 4});
  CHECK(unite_runs(odd, {4, 3, {0, 12}}).counts == std::vector<index_t>{0, 12});
  auto const read = read_counts(write_counts(odd), 4, 3);
  CHECK(read.counts == odd.counts);
}

TEST_CASE("arbitrary text is either refused or read as runs that can be written and read again",
          "[regions]")
{
  std::mt19937_64 random(20251123);
  int accepted = 0, refused = 0;
  for (int trial = 0; trial < 100000; ++trial) {
    auto const width = static_cast<index_t>(random() % 9),
               height = static_cast<index_t>(random() % 9);
    std::string text;
    if (trial % 2 == 0) {  // any bytes, most of them in the alphabet
      for (auto length = random() % 12; length > 0; --length) {
        text += static_cast<char>(random() % 8 == 0 ? random() % 256 : 48 + random() % 64);
      }
    } else if (width > 0 && height > 0) {  // valid, with one byte changed, put in or taken out
      byte_image mask = make_mask(width, height);
      for (auto& pixel : mask.pixels) { pixel = random() % 3 == 0 ? 1 : 0; }
      text = write_counts(encode_runs(mask));
      auto const at = random() % text.size();
      auto const byte = static_cast<char>(48 + random() % 64);
      if (random() % 3 == 0) { text.erase(at, 1); }
      if (random() % 3 == 0) { text.insert(at, 1, byte); }
      if (random() % 3 == 0 && at < text.size()) { text[at] = byte; }
    }
    run_lengths runs;
    try {
      runs = read_counts(text, width, height);
    } catch (std::invalid_argument const&) {
      ++refused;
      continue;
    }
    ++accepted;
    REQUIRE(sum(runs.counts) == width * height);
    REQUIRE(read_counts(write_counts(runs), width, height).counts == runs.counts);
    byte_image const mask = decode_runs(runs);
    REQUIRE(mask_area(mask) == run_area(runs));
    REQUIRE(mask_bounds(mask) == run_bounds(runs));
  }
  CHECK(accepted > 10000);
  CHECK(refused > 10000);
}

TEST_CASE("polygons outside the picture, without area or without sense have clear outcomes",
          "[regions]")
{
  using list = std::vector<std::vector<double>>;
  auto const area = [](list const& polygons, index_t width = 10, index_t height = 8) {
    return mask_area(mask_of_polygons(polygons, width, height));
  };
  CHECK(area({{1, 1, 5, 1, 5, 5, 1, 5}}) == 16);
  CHECK(area({{-30, -30, -20, -30, -20, -20}}) == 0);
  CHECK(area({{30, 2, 40, 2, 40, 6}}) == 0);
  CHECK(area({{2, 30, 6, 30, 6, 40}}) == 0);
  CHECK(area({{-1e6, -1e6, 1e6, -1e6, 1e6, 1e6, -1e6, 1e6}}) == 80);
  CHECK(area({{-100, 2, 100, 2, 100, 4, -100, 4}}) == 20);
  CHECK(area({{1, 1, 5, 5, 9, 9}}) == 0);
  CHECK(area({{3, 3, 3, 3, 3, 3}}) == 0);
  CHECK(area({}) == 0);
  CHECK(area({{0, 0, 1, 0, 1, 1, 0, 1}}, 1, 1) == 1);
  CHECK(area({{0, 0, 20000, 0, 20000, 3, 0, 3}}, 20000, 3) == 60000);
  CHECK(area({{0, 0, 3, 0, 3, 3, 0, 3}, {2, 2, 5, 2, 5, 5, 2, 5}}) == 17);  // a union

  auto const error = [](list const& polygons, index_t width = 10) {
    return error_of<std::invalid_argument>([&] { mask_of_polygons(polygons, width, 8); });
  };
  CHECK(error({{1, 1, 5, 5}}) ==
        "prefopt::mask_of_polygons: polygon: expected x and y of 3 or more corners, got 4 numbers");
  CHECK(mentions(error({{1, 1, 5, 5, 9, 9, 1}}), {"7 numbers"}));
  CHECK(mentions(error({{}}), {"0 numbers"}));
  CHECK(mentions(error({{1, 1, quiet_nan_v<double>, 5, 9, 9}}), {"nan"}));
  CHECK(mentions(error({{1, 1, infinity_v<double>, 5, 9, 9}}), {"inf"}));
  CHECK(mentions(error({{1, 1, 2e6, 5, 9, 9}}), {"2000000"}));
  CHECK(mentions(error({{1, 1, 5, 1, 5, 5}}, 0), {"size", "0 x 8"}));
}

TEST_CASE("boxes of detectors cover the pixels whose centres they hold", "[regions]")
{
  // Grounding DINO: the middle half of a picture of 8 x 4.
  CHECK(pixels_of_box(box_of_centre({0.5, 0.5, 0.5, 0.5}, 8, 4), 8, 4) == pixel_box{2, 1, 6, 3});
  CHECK(pixels_of_box(box_of_corners({1.4, 0.6, 3.6, 2.4}), 8, 4) == pixel_box{1, 1, 4, 2});
  CHECK(pixels_of_box(box_of_sides({1.5, 0.5, 2, 2}), 8, 4) == pixel_box{1, 0, 3, 2});
  CHECK(mask_area(mask_of_box(box_of_sides({1, 1, 3, 2}), 8, 4)) == 6);
  CHECK(mask_bounds(mask_of_box(box_of_sides({1, 1, 3, 2}), 8, 4)) == pixel_box{1, 1, 4, 3});

  // Cut to the picture; beside it, or too thin for a centre, nothing.
  CHECK(pixels_of_box(box_of_corners({-5, -5, 3, 100}), 8, 4) == pixel_box{0, 0, 3, 4});
  CHECK(pixels_of_box(box_of_corners({-1e300, 0, 1e300, 4}), 8, 4) == pixel_box{0, 0, 8, 4});
  CHECK(pixels_of_box(box_of_corners({9, 1, 12, 3}), 8, 4) == pixel_box{});
  CHECK(mask_area(mask_of_box(box_of_corners({9, 1, 12, 3}), 8, 4)) == 0);
  CHECK(pixels_of_box(box_of_corners({1.6, 0, 2.4, 4}), 8, 4) == pixel_box{});
  CHECK(pixels_of_box(box_of_corners({0, 0, 0, 0}), 1, 1) == pixel_box{});
  CHECK(pixels_of_box(box_of_corners({0, 0, 1, 1}), 1, 1) == pixel_box{0, 0, 1, 1});

  CHECK_THROWS_AS(box_of_corners({3, 0, 2, 1}), std::invalid_argument);
  CHECK_THROWS_AS(box_of_sides({0, 0, -1, 1}), std::invalid_argument);
  CHECK_THROWS_AS(box_of_centre({0.5, quiet_nan_v<double>, 0.1, 0.1}, 8, 4), std::invalid_argument);
  CHECK_THROWS_AS(box_of_corners({0, 0, infinity_v<double>, 1}), std::invalid_argument);
  CHECK_THROWS_AS(mask_of_pixels({0, 0, 9, 4}, 8, 4), std::invalid_argument);
}

TEST_CASE("label maps and grey masks become one mask for each thing", "[regions]")
{
  std::vector<std::uint16_t> const map{0, 300, 300, 0, 7, 300, 7, 7, 0, 0, 0, 0};
  std::span<std::uint16_t const> const view(map);
  CHECK(labels_of(view) == std::vector<std::uint16_t>{7, 300});
  CHECK(labels_of(view, std::uint16_t{7}) == std::vector<std::uint16_t>{0, 300});
  CHECK(mask_of_label<std::uint16_t>(view, 4, 3, 300).pixels ==
        std::vector<std::uint8_t>{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
  CHECK(mask_area(mask_of_label<std::uint16_t>(view, 4, 3, 5)) == 0);
  CHECK_THROWS_AS(mask_of_label<std::uint16_t>(view, 4, 4, 7), std::invalid_argument);

  // LISA: 100 inside, and what JPEG makes of its edge.
  byte_image grey = make_byte_image(6, 1, 1);
  grey.pixels = {0, 12, 50, 51, 96, 104};
  CHECK(threshold_mask(grey).pixels == std::vector<std::uint8_t>{0, 0, 0, 1, 1, 1});
  byte_image colour = make_byte_image(2, 1, 3);
  colour.pixels = {9, 200, 200, 100, 101, 99};
  CHECK(threshold_mask(colour).pixels == std::vector<std::uint8_t>{0, 1});

  CHECK(mask_bounds(make_mask(5, 4)) == pixel_box{});
  CHECK_THROWS_AS(mask_area(make_byte_image(2, 2, 3)), std::invalid_argument);
  CHECK_THROWS_AS(make_mask(0, 4), std::invalid_argument);
  byte_image mask = make_mask(3, 2);
  CHECK_THROWS_AS(unite(mask, make_mask(2, 3)), std::invalid_argument);
}

TEST_CASE("SAM's masks and detected boxes become regions that agree with their own numbers",
          "[regions]")
{
  sam_mask sam{{4, 3, {3, 5, 4}}, {1, 0, 2, 3}, 5, 0.9, 0.95};
  region const hydrant = region_of(sam, "fire hydrant");
  CHECK(hydrant.label == "fire hydrant");
  CHECK(hydrant.score == 0.9);
  CHECK(mask_area(hydrant.mask) == 5);
  sam.area = 6;
  CHECK(error_of([&] { region_of(sam); }) ==
        "prefopt::region_of: area: expected 5 as in the segmentation, got 6");

  region const dog = region_of(detected_box{"dog", 0.4, {0.25, 0.5, 0.5, 1}}, 4, 3);
  CHECK(dog.mask.pixels == std::vector<std::uint8_t>{1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0});

  std::vector<region> const regions{hydrant, dog};
  CHECK(mask_area(unite_regions(regions, std::vector<index_t>{0, 1}, 4, 3)) == 8);
  CHECK(mask_area(unite_regions(regions, std::vector<index_t>{}, 4, 3)) == 0);
  CHECK_THROWS_AS(unite_regions(regions, std::vector<index_t>{2}, 4, 3), std::invalid_argument);
  CHECK_THROWS_AS(unite_regions(regions, std::vector<index_t>{0}, 3, 4), std::invalid_argument);
}

TEST_CASE("a mask lies on its picture after resizing as in Pillow", "[regions]")
{
  auto const golden = golden_file("pillow_mask_golden.json");
  REQUIRE(golden["cases"].size() == 12);
  for (auto const& c : golden["cases"]) {
    CAPTURE(c.dump());
    byte_image mask = make_mask(c["width"].get<index_t>(), c["height"].get<index_t>());
    for (std::size_t k = 0; k < mask.pixels.size(); ++k) {
      mask.pixels[k] = detail::mix64(k + 0x9e3779b97f4a7c15u) >> 56 < 80 ? 1 : 0;
    }
    preprocess_options const options{
        .size = c["size"].get<index_t>(),
        .mode = c["mode"] == "pad" ? square_mode::pad : square_mode::centre_crop};
    byte_image const small = preprocess_mask(mask, options);
    REQUIRE(mask_area(small) == c["area"].get<index_t>());
    REQUIRE(fnv1a64(small.pixels) == c["fnv1a64"].get<std::string>());
  }
}

TEST_CASE("the mask of a picture's bright half is the bright half of the resized picture",
          "[regions]")
{
  // An edge that the bicubic filter blurs crosses half brightness where the mask's edge falls,
  // within half a pixel of the result: the two are resized on one grid.
  for (auto const mode : {square_mode::pad, square_mode::centre_crop}) {
    for (auto const& [width, height] :
         {std::pair<index_t, index_t>{640, 480}, {333, 500}, {100, 37}, {2000, 1500}}) {
      for (index_t const edge : {width / 3, 2 * width / 5, 2 * width / 3}) {
        CAPTURE(width, height, edge);
        byte_image picture = make_byte_image(width, height, 3);
        byte_image mask = make_mask(width, height);
        for (index_t y = 0; y < height; ++y) {
          for (index_t x = edge; x < width; ++x) {
            mask.at(x, y, 0) = 1;
            for (index_t c = 0; c < 3; ++c) { picture.at(x, y, c) = 255; }
          }
        }
        preprocess_options const options{.size = 112, .mode = mode};
        byte_image const small = square_image(picture, options);
        byte_image const small_mask = preprocess_mask(mask, options);
        index_t const row = 56;
        index_t bright = 0, marked = 0;
        while (bright < 112 && small.at(bright, row, 0) < 128) { ++bright; }
        if (bright == 0 && mode == square_mode::pad) { continue; }  // no black left of the edge
        while (marked < 112 && small_mask.at(marked, row, 0) == 0) { ++marked; }
        CHECK(bright == marked);
      }
    }
  }
}

TEST_CASE("very small and very wide pictures have masks or a clear refusal", "[regions]")
{
  byte_image one = make_mask(1, 1);
  one.pixels[0] = 1;
  CHECK(mask_area(preprocess_mask(one, {.size = 14})) == 196);
  CHECK(mask_bounds(one) == pixel_box{0, 0, 1, 1});
  CHECK(write_counts(encode_runs(one)) == "01");

  byte_image wide = make_mask(20000, 250);
  for (index_t y = 0; y < 250; ++y) { wide.at(10000, y, 0) = 1; }
  byte_image const cut = preprocess_mask(wide, {.size = 28, .mode = square_mode::centre_crop});
  CHECK(mask_area(cut) == 28);  // thinner than a pixel of the result, and not lost
  CHECK(decode_runs(read_counts(write_counts(encode_runs(wide)), 20000, 250)).pixels ==
        wide.pixels);
  CHECK(mentions(error_of([&] { preprocess_mask(wide, {.size = 28}); }),
                 {"padded square", "20000 x 250"}));
  CHECK(mentions(error_of([&] {
                   preprocess_mask(make_mask(20000, 1),
                                   {.size = 28, .mode = square_mode::centre_crop});
                 }),
                 {"aspect ratio", "20000 x 1"}));
}

TEST_CASE("words come to their singular, by rule and by exception", "[regions]")
{
  std::pair<char const*, char const*> const words[] = {{"dogs", "dog"},
                                                       {"dog", "dog"},
                                                       {"benches", "bench"},
                                                       {"boxes", "box"},
                                                       {"glasses", "glass"},
                                                       {"dishes", "dish"},
                                                       {"berries", "berry"},
                                                       {"ties", "tie"},
                                                       {"tomatoes", "tomato"},
                                                       {"shoes", "shoe"},
                                                       {"buses", "bus"},
                                                       {"bus", "bus"},
                                                       {"houses", "house"},
                                                       {"horses", "horse"},
                                                       {"knives", "knife"},
                                                       {"gloves", "glove"},
                                                       {"men", "man"},
                                                       {"women", "woman"},
                                                       {"children", "child"},
                                                       {"people", "person"},
                                                       {"grass", "grass"},
                                                       {"tennis", "tennis"},
                                                       {"skis", "skis"},
                                                       {"cactus", "cactus"},
                                                       {"dog's", "dog"},
                                                       {"dogs'", "dog"},
                                                       {"buzzes", "buzz"},
                                                       {"gas", "gas"},
                                                       {"lenses", "lens"},
                                                       {"cookies", "cookie"},
                                                       {"s", "s"},
                                                       {"", ""},
                                                       {"toes", "toe"},
                                                       {"leaves", "leaf"},
                                                       {"keys", "key"},
                                                       {"", ""}};
  for (auto const& [plural, singular] : words) {
    CAPTURE(plural);
    CHECK(singular_of(plural) == singular);
    CHECK(singular_of(singular_of(plural)) == singular_of(plural));
  }
}

TEST_CASE("a phrase is named by its head", "[regions]")
{
  auto const head = [](std::string const& text) {
    auto const phrase = make_noun_phrase(text);
    return phrase.words.at(phrase.head);
  };
  CHECK(head("The red fire hydrants") == "hydrant");
  CHECK(head("a cup of coffee") == "cup");
  CHECK(head("two slices of pizza on a plate") == "slice");
  CHECK(head("T-shirt") == "shirt");
  CHECK(make_noun_phrase("A Man's Best_friend!").words ==
        std::vector<std::string>{"man", "best", "friend"});
  CHECK(make_noun_phrase("caf\xc3\xa9 tables").words ==
        std::vector<std::string>{"caf\xc3\xa9", "table"});
  CHECK(make_noun_phrase(" .,-' the of ").words.empty());
}

TEST_CASE("keywords find the regions of the same thing, the best labels first", "[regions]")
{
  std::vector<region> const regions{
      labelled("dog"),   labelled("White Dogs"), labelled("dog house"), labelled("person"),
      labelled("couch"), labelled("dog"),        labelled(""),          labelled("cup of coffee")};
  using list = std::vector<index_t>;
  CHECK(found("dogs", regions) == list{0, 5});
  CHECK(found("white dog", regions) == list{1});
  CHECK(found("brown dog", regions) == list{0, 5});
  CHECK(found("the house", regions) == list{2});
  CHECK(found("man", regions) == list{3});
  CHECK(found("old women", regions) == list{3});
  CHECK(found("leather sofas", regions) == list{4});
  CHECK(found("mug", regions) == list{7});
  CHECK(found("coffee", regions).empty());
  CHECK(found("cat", regions).empty());
  CHECK(found("", regions).empty());
  CHECK(found("man", {labelled("woman")}).empty());
  CHECK(found("man", regions, {.relations = {}}).empty());
  CHECK(found("dog", {labelled("dog", 0.2), labelled("dog", 0.4)}, {.least_region_score = 0.3}) ==
        list{1});

  std::vector<std::string> const keywords{"man", "sofa", "kite", "dogs", "sofas"};
  auto const matches = match_keywords(keywords, regions);
  CHECK(matches[0].score == 0.5);
  CHECK(matches[1].score == 1);
  CHECK(matches[2].score == 0);
  CHECK(matched_regions(matches) == list{0, 3, 4, 5});
}

TEST_CASE("a word that is said twice counts once", "[regions]")
{
  std::vector<region> const regions{labelled("teddy bear"), labelled("bear")};
  std::vector<std::string> const keywords{"bear bear", "teddy teddy bear", "big bear"};
  auto const matches = match_keywords(keywords, regions);
  CHECK(matches[0].regions == std::vector<index_t>{1});
  CHECK(matches[0].score == 1);
  CHECK(matches[1].regions == std::vector<index_t>{0});
  CHECK(matches[1].score == 1);
  CHECK(matches[2].regions == std::vector<index_t>{1});
  CHECK(matches[2].score == 0.75);
}

TEST_CASE("a similarity decides where words and relations do not", "[regions]")
{
  std::vector<region> const regions{labelled("dog"), labelled("wolves"), labelled("chair")};
  std::vector<std::string> const keywords{"grey hound", "dog"};
  auto const vectors = [](std::string_view a, std::string_view b) {
    if (a == "grey hound" && b == "wolf") { return 0.9; }
    return a == "grey hound" && b == "dog" ? 0.8 : 0.1;
  };
  auto const matches = match_keywords(keywords, regions, {}, vectors);
  CHECK(matches[0].regions == std::vector<index_t>{1});
  CHECK(matches[0].score == 0.45);
  CHECK(matches[1].regions == std::vector<index_t>{0});
  CHECK(match_keywords(keywords, regions, {.least_similarity = 0.95}, vectors)[0].regions.empty());
  auto const broken = [](std::string_view, std::string_view) { return quiet_nan_v<double>; };
  CHECK_THROWS_AS(match_keywords(keywords, regions, {}, broken), std::invalid_argument);
}

TEST_CASE("a random region has its share of the picture, anywhere, and the seed's bits",
          "[regions]")
{
  for (auto const& [width, height] :
       {std::pair<index_t, index_t>{640, 480}, {336, 336}, {50, 900}}) {
    double left = 0, top = 0;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
      CAPTURE(width, height, seed);
      pixel_box const box = random_box(width, height, seed);
      REQUIRE(box == random_box(width, height, seed));
      REQUIRE((box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height));
      // Half a row of the box's width is the most that rounding can miss.
      double const wanted = 0.2 * static_cast<double>(width * height);
      REQUIRE(std::abs(static_cast<double>(box.width() * box.height()) - wanted) <=
              0.5 * static_cast<double>(box.width()) + 1e-6);
      left += static_cast<double>(box.left) / static_cast<double>(width - box.width() + 1);
      top += static_cast<double>(box.top) / static_cast<double>(height - box.height() + 1);
    }
    // Uniform places: the mean of 2000 lies within five standard errors of the middle, less the
    // rounding down to whole pixels where there are few places.
    double const error = 5 / std::sqrt(12.0 * 2000) + 0.02;
    if (width > 50) { CHECK(left / 2000 == Approx(0.5).margin(error)); }  // else as wide as it
    CHECK(top / 2000 == Approx(0.5).margin(error));
  }
  CHECK(random_box(1, 1, 3) == pixel_box{0, 0, 1, 1});
  CHECK(random_box(20000, 1, 3).width() == 4000);
  CHECK(random_box(7, 5, 3, 1.0) == pixel_box{0, 0, 7, 5});
  CHECK_THROWS_AS(random_box(7, 5, 3, 0), std::invalid_argument);
  CHECK_THROWS_AS(random_box(7, 5, 3, 1.5), std::invalid_argument);
  CHECK_THROWS_AS(random_box(0, 5, 3), std::invalid_argument);
}

TEST_CASE("mDPO's crop keeps to its shares and ratios and is one per seed", "[regions]")
{
  double shares = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    pixel_box const box = random_crop_box(640, 480, seed);
    REQUIRE(box == random_crop_box(640, 480, seed));
    REQUIRE((box.left >= 0 && box.top >= 0 && box.right <= 640 && box.bottom <= 480));
    auto const w = static_cast<double>(box.width()), h = static_cast<double>(box.height());
    double const share = w * h / (640 * 480);
    REQUIRE((share > 0.0095 && share < 0.203));
    REQUIRE((w / h > 0.75 * 0.97 && w / h < 4.0 / 3 * 1.03));  // rounded to whole pixels
    shares += share;
  }
  CHECK(shares / 4000 == Approx(0.105).margin(5 * 0.19 / std::sqrt(12.0 * 4000)));
  CHECK(random_crop_box(1, 1, 0) == pixel_box{0, 0, 1, 1});
  // No crop of a whole strip has an allowed ratio: the largest centred one.
  CHECK(random_crop_box(20000, 10, 5, {.least_share = 1, .most_share = 1}) ==
        pixel_box{9993, 0, 10006, 10});
  CHECK_THROWS_AS(random_crop_box(64, 48, 0, {.least_share = 0.3}), std::invalid_argument);

  byte_image picture = make_byte_image(4, 3, 3);
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    picture.pixels[i] = static_cast<std::uint8_t>(i);
  }
  byte_image const cut = crop(picture, {1, 1, 3, 2});
  CHECK(cut.pixels == std::vector<std::uint8_t>{15, 16, 17, 18, 19, 20});
  CHECK_THROWS_AS(crop(picture, {1, 1, 1, 2}), std::invalid_argument);
  CHECK_THROWS_AS(crop(picture, {0, 0, 5, 2}), std::invalid_argument);
}
