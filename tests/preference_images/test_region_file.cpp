// SPDX-License-Identifier: MIT
/// \file  Label maps and COCO's annotation files as regions.

#include <span>

#include <prefopt/image/mask.hpp>

#include "llava/image/label_map.hpp"
#include "preference_images/region_file.hpp"
#include "preference_images/sample_set.hpp"
#include "support/catch.hpp"
#include "support/fixtures.hpp"

namespace {

using preference_images::region_file;

constexpr char coco[] = R"({"info": {"a": [1, {"b": "}],"}]},
 "annotations": [
  {"id": 7, "image_id": 3, "category_id": 18, "segmentation": [[4, 5, 14, 5, 14, 25, 4, 25]], "area": 200, "bbox": [4, 5, 10, 20], "iscrowd": 0},
  {"id": 8, "image_id": 4, "category_id": 1, "segmentation": [], "bbox": [0, 0, 40, 4]},
  {"id": 9, "image_id": 3, "category_id": 1, "segmentation": {"size": [30, 40], "counts": [0, 60, 1140]}, "iscrowd": 1, "score": 0.25}],
 "images": [{"id": 3, "file_name": "a.png", "width": 40, "height": 30}, {"id": 4, "file_name": "b, \"c\".png"}],
 "categories": [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}]})";

std::string coco_error(sample_set const& set, std::string const& text)
{
  set.regions(text);
  return error_of([&] {
    region_file const file(set.folder / "regions.jsonl");
    for (auto const& shape : file.of("a.png")) { file.mask(shape, 40, 30); }
  });
}

}  // namespace

TEST_CASE("a COCO annotation file gives each picture its categories and masks",
          "[preference_images]")
{
  sample_set const set;
  set.regions(coco);
  region_file const file(set.folder / "regions.jsonl");
  auto const shapes = file.of("a.png");
  REQUIRE(shapes.size() == 2);
  REQUIRE(shapes[0].label == "dog");
  REQUIRE(shapes[0].score == 1);
  REQUIRE(prefopt::mask_area(file.mask(shapes[0], 40, 30)) == 200);
  REQUIRE(shapes[1].label == "person");
  REQUIRE(shapes[1].score == 0.25);
  REQUIRE(prefopt::mask_area(file.mask(shapes[1], 40, 30)) == 60);
  auto const boxed = file.of("b, \"c\".png");
  REQUIRE(boxed.size() == 1);
  REQUIRE(prefopt::mask_area(file.mask(boxed[0], 40, 30)) == 160);
  REQUIRE(file.of("val2017/a.png").size() == 2);  // named with its folder by the pairs
  REQUIRE(file.of("other.png").empty());
}

TEST_CASE("a set is built from a COCO annotation file", "[preference_images]")
{
  sample_set const set;
  set.regions(coco);
  set.pairs(pair_line("a.png", "A brown dog sits there."));
  auto options = set.options();
  options.size = 0;
  REQUIRE(set.build(options, "out").accepted == 1);
  auto const line = lines_of(set.folder / "out/pairs.jsonl").at(0);
  REQUIRE(line["regions"][0]["label"] == "dog");
  REQUIRE(line["share"] == 200.0 / 1200);
}

TEST_CASE("COCO files that do not fit together are refused by entry", "[preference_images]")
{
  sample_set const set;
  std::string const images = R"({"images": [{"id": 1, "file_name": "a.png"}], )";
  std::string const dog = R"("categories": [{"id": 2, "name": "dog"}], )";
  auto const error = [&](std::string const& rest) { return coco_error(set, images + dog + rest); };
  REQUIRE(error(R"("annotations": [{"image_id": 1, "category_id": 2, "bbox": [0, 0, 1, 1]}]})") ==
          "no error");
  REQUIRE(error(R"("annotations": []})") == "no error");
  REQUIRE(mentions(error(R"("annotations": [{"image_id": 9, "category_id": 2}]})"),
                   {"annotations[0]", "image_id", "9"}));
  REQUIRE(mentions(error(R"("annotations": [{"image_id": 1, "category_id": 3, "bbox": []}]})"),
                   {"annotations[0]", "category_id", "3"}));
  REQUIRE(mentions(error(R"("annotations": [{"image_id": 1, "category_id": 2}]})"),
                   {"annotations[0]", "segmentation or a bbox"}));
  REQUIRE(mentions(error(R"("annotations": [{"image_id": 1, "category_id": 2, "score": "x",
                             "bbox": [0, 0, 1, 1]}]})"),
                   {"annotations[0]", "score"}));
  REQUIRE(
      mentions(error(R"("annotations": [{"image_id": "1"}]})"), {"annotations[0]", "category_id"}));
  REQUIRE(mentions(error(R"("annotations": [{"image_id": 1, "category_id": 2})"),
                   {"annotations[0]", "end of the list"}));
  REQUIRE(mentions(error(R"("annotations": [3]})"), {"annotations[0]", "category_id"}));
  REQUIRE(mentions(error(R"("annotations": {}})"), {"a list as annotations"}));
  REQUIRE(mentions(coco_error(set, R"({"images": [{"id": 1, "file_name": "a"},
                                       {"id": 1, "file_name": "b"}], "annotations": []})"),
                   {"images[1]", "1 again"}));
  REQUIRE(mentions(coco_error(set, R"({"images": [{"id": 1}], "annotations": []})"),
                   {"images[0]", "file_name"}));
}

TEST_CASE("label maps are read as indices, grey levels or colours", "[preference_images]")
{
  // Written by Pillow 13.0: pixel i of 8 x 4 has index i % 3 of a palette of 8 and of 2 bits.
  for (std::string const name : {"/label_palette.png", "/label_palette2.png"}) {
    auto const labels = llava::decode_label_map(image_fixture_dir() + name, 8, 4);
    for (std::size_t i = 0; i < 32; ++i) { REQUIRE(labels[i] == i % 3); }
  }
  auto const deep = llava::decode_label_map(image_fixture_dir() + "/grey16.png", 16, 16);
  for (std::size_t i = 0; i < 256; ++i) { REQUIRE(deep[i] == 257 * i); }
  temporary_folder const folder;
  auto const grey = put_png(folder / "grey.png", 2, 1, 1, {7, 255});
  REQUIRE(llava::decode_label_map(grey, 2, 1) == std::vector<std::uint32_t>{7, 255});
  auto const panoptic = put_png(folder / "rgb.png", 1, 2, 3, {1, 2, 3, 255, 0, 0});
  REQUIRE(llava::decode_label_map(panoptic, 1, 2) ==
          std::vector<std::uint32_t>{1 + 2 * 256 + 3 * 65536, 255});
  auto const error = [&](std::filesystem::path const& file) {
    return error_of([&] { llava::decode_label_map(file, 2, 2); });
  };
  REQUIRE(mentions(error(grey), {"grey.png", "2 x 2", "2 x 1"}));
  REQUIRE(mentions(error(image_fixture_dir() + "/cmyk.jpg"), {"cmyk.jpg", "PNG"}));
  REQUIRE(mentions(error(folder / "none.png"), {"none.png", "got nothing"}));
}

TEST_CASE("keywords find the labels of a label map", "[preference_images]")
{
  sample_set const set;
  std::vector<std::uint8_t> map(40 * 30, 0);
  std::fill_n(map.begin(), 100, std::uint8_t{8});
  std::fill_n(map.begin() + 100, 50, std::uint8_t{9});
  put_png(set.folder / "map.png", 40, 30, 1, map);
  set.regions(
      R"({"image": "a.png", "label_map": "map.png", "labels": {"8": "dog", "9": "bench", "10": "cat"}})");
  set.pairs(pair_line("a.png", "A brown dog sits there."));
  auto options = set.options();
  options.size = 0;
  set.build(options, "out");
  REQUIRE(lines_of(set.folder / "out/pairs.jsonl").at(0)["share"] == 100.0 / 1200);

  auto const reason = [&](std::string const& line) {
    set.regions(line);
    return set.reason(pair_line("a.png", "A dog."));
  };
  REQUIRE(
      mentions(reason(R"({"image": "a.png", "label_map": "map.png"})"), {"label_map", "labels"}));
  REQUIRE(mentions(reason(R"({"image": "a.png", "label_map": "map.png", "labels": {"x": "dog"}})"),
                   {"whole numbers", "'x'"}));
  REQUIRE(mentions(reason(R"({"image": "a.png", "label_map": "../m.png", "labels": {"1": "dog"}})"),
                   {"region 'dog'", "below the folder"}));
}
