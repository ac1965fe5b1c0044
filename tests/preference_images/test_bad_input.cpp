// SPDX-License-Identifier: MIT
/// \file  Rows, regions and pictures that cannot be used are listed with their reason; odd pictures
/// have a known outcome.

#include "llava/image/decode.hpp"
#include "llava/image/jpeg_decode.hpp"
#include "llava/image/webp_decode.hpp"
#include "preference_images/picture_path.hpp"
#include "preference_images/sample_set.hpp"
#include "support/catch.hpp"
#include "support/fixtures.hpp"

namespace {

std::string dog_at(std::string const& image)
{
  return pair_line(image, "A dog.");
}

/// A PNG that claims a size and holds nothing.
std::string png_header(unsigned width, unsigned height)
{
  std::string bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  for (unsigned const side : {width, height}) {
    for (int shift = 24; shift >= 0; shift -= 8) { bytes += static_cast<char>(side >> shift); }
  }
  bytes += std::string("\x08\x02\0\0\0\0\0\0\0", 9);
  return bytes + std::string("\0\0\0\0IEND\xae\x42\x60\x82", 12);
}

std::string region_reason(sample_set const& set, std::string const& region)
{
  set.regions(R"({"image": "a.png", "regions": [)" + region + "]}\n");
  return set.reason(dog_at("a.png"));
}

}  // namespace

TEST_CASE("names that lead out of the picture folder are refused", "[preference_images]")
{
  sample_set const set;
  put_png(set.folder / "secret.png", 40, 30, 3, gradient(40, 30, 3));
  for (std::string const name :
       {"../secret.png", "x/../../secret.png", "/etc/passwd", "a.png/.."}) {
    REQUIRE(mentions(set.reason(dog_at(name)), {name, "below the folder"}));
  }
  REQUIRE(mentions(set.reason(dog_at((set.folder / "secret.png").string())), {"below the folder"}));
  std::filesystem::create_symlink(set.folder / "secret.png", set.photos() / "link.png");
  REQUIRE(mentions(set.reason(dog_at("link.png")), {"link out of it"}));
  std::filesystem::create_symlink("a.png", set.photos() / "inside.png");
  REQUIRE(set.reason(dog_at("inside.png")) == "not rejected");
  REQUIRE(mentions(set.reason(dog_at("none.png")), {"none.png", "nothing there"}));
  REQUIRE(mentions(set.reason(dog_at(".")), {"nothing there"}));
  // No folder is the current one, as the folder of "pairs.jsonl" is.
  auto const before = std::filesystem::current_path();
  std::filesystem::current_path(set.photos());
  REQUIRE(error_of([&] { preference_images::file_below("", "a.png"); }) == "no error");
  std::filesystem::current_path(before);
  REQUIRE(mentions(
      set.reason(
          R"({"question": "q", "chosen": "A dog.", "rejected": "r", "image": "a.png", "mask": "../secret.png"})"),
      {"../secret.png", "below the folder"}));
}

TEST_CASE("pictures that are cut off, too large or no pictures are rejected", "[preference_images]")
{
  sample_set const set;
  std::string const png = llava::read_file(set.photos() / "a.png");
  std::string const jpeg = llava::read_file(image_fixture_dir() + "/cmyk.jpg");
  put_file(set.photos() / "cut.png", png.substr(0, png.size() / 2));
  put_file(set.photos() / "cut.jpg", jpeg.substr(0, jpeg.size() - 20));
  put_file(set.photos() / "text.png", "hello");
  put_file(set.photos() / "empty.png", "");
  put_file(set.photos() / "wide.png", png_header(20000, 1));
  put_file(set.photos() / "bomb.png", png_header(16000, 16000));
  put_file(set.photos() / "huge.png", png_header(0x7fffffff, 0x7fffffff));
  REQUIRE(mentions(set.reason(dog_at("cut.png")), {"cut.png", "truncated PNG"}));
  REQUIRE(mentions(set.reason(dog_at("cut.jpg")), {"cut.jpg", "truncated JPEG"}));
  REQUIRE(mentions(set.reason(dog_at("text.png")), {"PNG, JPEG or WebP", "5 bytes"}));
  REQUIRE(mentions(set.reason(dog_at("empty.png")), {"PNG, JPEG or WebP", "0 bytes"}));
  REQUIRE(mentions(set.reason(dog_at("wide.png")), {"16384 pixels a side", "20000 x 1"}));
  REQUIRE(mentions(set.reason(dog_at("bomb.png")), {"67108864 pixels", "16000 x 16000"}));
  REQUIRE(mentions(set.reason(dog_at("huge.png")), {"huge.png", "header"}));
}

TEST_CASE("a picture of 20,000 x 1 pixels passes where the limit allows it", "[preference_images]")
{
  sample_set const set;
  put_png(set.photos() / "wide.png", 20000, 1, 3, std::vector<std::uint8_t>(60000, 9));
  set.pairs(dog_at("wide.png"));
  auto options = set.options();
  options.max_side = 20000;
  options.size = 0;
  REQUIRE(set.build(options, "out").accepted == 1);
  options.size = 28;  // its padded square would have 400 million pixels
  REQUIRE(set.build(options, "square").rejected == 1);
  REQUIRE(mentions(lines_of(set.folder / "square/rejected.jsonl").at(0)["reason"],
                   {"padded square", "20000 x 1"}));
}

TEST_CASE("a picture of one pixel passes in every mode", "[preference_images]")
{
  sample_set const set;
  put_png(set.photos() / "one.png", 1, 1, 3, {9, 200, 30});
  set.regions(R"({"image": "one.png", "regions": [{"label": "dog", "box": [0, 0, 1, 1]}]})"
              "\n");
  set.pairs(dog_at("one.png"));
  auto options = set.options();
  for (std::string const mode : {"key", "random", "global", "crop"}) {
    for (prefopt::index_t const size : {0, 28}) {
      options.mode = mode;
      options.size = size;
      std::string const name = mode + std::to_string(size);
      REQUIRE(set.build(options, name).accepted == 1);
      auto const negative = llava::decode_image(set.folder / name / "negatives/000000.png");
      REQUIRE(negative.width == (size == 0 ? 1 : size));
      REQUIRE(negative.height == negative.width);
    }
  }
}

TEST_CASE("grey, alpha, CMYK and 16 bits become RGB of 8 bits", "[preference_images]")
{
  sample_set const set;
  auto const colour = llava::decode_image(set.photos() / "a.png");
  auto const grey = llava::decode_image(set.photos() / "gr\u00fcn.png");
  auto const alpha = llava::decode_image(set.photos() / "alpha.png");
  REQUIRE(alpha.pixels == colour.pixels);  // what is under a transparent pixel counts
  REQUIRE(grey.at(3, 4, 0) == colour.at(3, 4, 0));
  REQUIRE(grey.at(3, 4, 2) == grey.at(3, 4, 0));
  auto const cmyk = llava::decode_image(image_fixture_dir() + "/cmyk.jpg");
  int const off = llava::has_libjpeg() ? 0 : 1;
  REQUIRE(std::abs(cmyk.at(8, 8, 0) - 49) <= off);  // Pillow's
  REQUIRE(std::abs(cmyk.at(8, 8, 1) - 190) <= off);
  REQUIRE(std::abs(cmyk.at(8, 8, 2) - 225) <= off);
  auto const deep = llava::decode_image(image_fixture_dir() + "/grey16.png");
  REQUIRE(deep.at(5, 7, 1) == 7 * 16 + 5);
}

TEST_CASE("WebP is decoded with libwebp, and named where that is missing", "[preference_images]")
{
  sample_set const set;
  auto const fixture = [](char const* name) { return image_fixture_dir() + "/" + name; };
  auto const error = [](std::filesystem::path const& file) {
    return error_of([&] { llava::decode_image(file); });
  };
  if (!llava::has_webp()) {
    REQUIRE(mentions(error(fixture("alpha_lossless.webp")),
                     {"alpha_lossless.webp", "without libwebp", "libwebp-dev"}));
    return;
  }
  auto const lossless = llava::decode_image(fixture("alpha_lossless.webp"));
  for (int i = 0; i < 256; ++i) {
    REQUIRE(lossless.at(i % 16, i / 16, 0) == 16 * (i % 16));
    REQUIRE(lossless.at(i % 16, i / 16, 1) == 16 * (i / 16));
    REQUIRE(lossless.at(i % 16, i / 16, 2) == i * 37 % 256);
  }
  auto const lossy = llava::decode_image(fixture("colour_lossy.webp"));
  REQUIRE(lossy.at(5, 6, 0) == 200);  // Pillow's
  REQUIRE(lossy.at(5, 6, 1) == 39);
  REQUIRE(lossy.at(5, 6, 2) == 89);
  REQUIRE(llava::decode_mask(fixture("colour_lossy.webp"), 16, 16, 93).at(0, 0, 0) == 1);
  REQUIRE(llava::decode_mask(fixture("colour_lossy.webp"), 16, 16, 94).at(0, 0, 0) == 0);
  REQUIRE(mentions(error(fixture("animation.webp")), {"animation.webp", "animated"}));
  std::string const bytes = llava::read_file(fixture("alpha_lossless.webp"));
  for (std::size_t const kept : {12u, 20u, 40u, 57u}) {
    REQUIRE(mentions(error(put_file(set.folder / "cut.webp", bytes.substr(0, kept))),
                     {"cut.webp", "truncated"}));
  }
  llava::decode_limits const limits{.max_side = 15};
  REQUIRE(mentions(error_of([&] { llava::decode_image(fixture("colour_lossy.webp"), limits); }),
                   {"at most 15", "16 x 16"}));
}

TEST_CASE("a PNG whose data begin with an empty chunk is refused", "[preference_images]")
{
  // A fuzzer's: stb_image 2.27 gives memcpy a null pointer.
  sample_set const set;
  std::string png = llava::read_file(set.photos() / "a.png");
  png.insert(33, std::string("\0\0\0\0IDAT\x35\xaf\x06\x1e", 12));
  put_file(set.photos() / "empty_chunk.png", png);
  REQUIRE(mentions(set.reason(dog_at("empty_chunk.png")), {"empty_chunk.png", "empty chunk"}));
}

TEST_CASE("rows that are no pairs are listed by their place", "[preference_images]")
{
  sample_set const set;
  REQUIRE(mentions(set.reason("no JSON\n"), {"pairs.jsonl:1", "well-formed JSON"}));
  REQUIRE(mentions(set.reason("\xff\n"), {"UTF-8"}));
  REQUIRE(mentions(set.reason("{}\n"), {"question"}));
  REQUIRE(mentions(set.reason(pair_line("a.png", "A green bus.")), {"differ"}));
  set.pairs(dog_at("a.png") + "{}\n" + dog_at("none.png") + dog_at("a.png"));
  auto const report = set.build(set.options(), "four");
  REQUIRE(report.accepted == 2);
  auto const rejected = lines_of(set.folder / "four/rejected.jsonl");
  REQUIRE(rejected.size() == 2);
  REQUIRE(rejected[0]["row"] == 1);
  REQUIRE(rejected[1]["row"] == 2);
  REQUIRE(mentions(rejected[1]["where"], {"pairs.jsonl:3"}));
  REQUIRE(lines_of(set.folder / "four/pairs.jsonl").at(1)["row"] == 3);
}

TEST_CASE("an answer of thousands of things is rejected, not worked on for minutes",
          "[preference_images]")
{
  sample_set const set;
  std::string answer;
  for (int i = 0; i < 1500; ++i) { answer += "A thing" + std::to_string(i) + " stands there. "; }
  REQUIRE(mentions(set.reason(pair_line("a.png", answer)), {"candidates", "at most 1000"}));
}

TEST_CASE("malformed regions reject the pairs that need them", "[preference_images]")
{
  sample_set const set;
  put_png(set.folder / "small.png", 4, 4, 1, std::vector<std::uint8_t>(16, 255));
  auto const reason = [&](std::string const& region) { return region_reason(set, region); };
  REQUIRE(
      mentions(reason(R"({"label": "dog", "segmentation": {"size": [30, 40], "counts": "~~"}})"),
               {"region 'dog'", "character"}));
  REQUIRE(
      mentions(reason(R"({"label": "dog", "segmentation": {"size": [40, 30], "counts": [1200]}})"),
               {"[30, 40]", "[40,30]"}));
  REQUIRE(
      mentions(reason(R"({"label": "dog", "segmentation": {"size": [30, 40], "counts": [1, -1]}})"),
               {"negative"}));
  REQUIRE(mentions(reason(R"({"label": "dog", "segmentation": [[1, 2, 3, 4]]})"), {"3 or more"}));
  REQUIRE(mentions(reason(R"({"label": "dog", "segmentation": [["x"]]})"), {"numbers"}));
  REQUIRE(mentions(reason(R"({"label": "dog", "segmentation": 3})"), {"size"}));
  REQUIRE(mentions(reason(R"({"label": "dog", "box": [9, 9, 1, 1]})"), {"left <= right"}));
  REQUIRE(mentions(reason(R"({"label": "dog", "box": [9, 9]})"), {"four numbers"}));
  REQUIRE(mentions(reason(R"({"label": "dog"})"), {"segmentation, mask, box or bbox"}));
  REQUIRE(mentions(reason(R"({"label": 3, "box": [0, 0, 1, 1]})"), {"label"}));
  REQUIRE(mentions(reason(R"({"label": "dog", "mask": "small.png"})"), {"40 x 30", "4 x 4"}));
  REQUIRE(mentions(reason(R"({"label": "dog", "mask": "/etc/passwd"})"), {"below the folder"}));
  // Not needed, not looked at.
  REQUIRE(reason(R"({"label": "cat", "segmentation": 3})") == "not rejected");
}

TEST_CASE("regions outside the picture or without area mean the whole picture",
          "[preference_images]")
{
  sample_set const set;
  for (std::string const shape : {R"("box": [100, 100, 200, 200])", R"("box": [3, 3, 3, 9])",
                                  R"("segmentation": [[90, 90, 99, 90, 99, 99]])",
                                  R"("segmentation": {"size": [30, 40], "counts": [1200]})"}) {
    REQUIRE(region_reason(set, R"({"label": "dog", )" + shape + "}") == "not rejected");
    REQUIRE(lines_of(set.folder / "out/pairs.jsonl").at(0)["whole_image"] == true);
  }
}

TEST_CASE("a regions file that is no JSONL stops the run", "[preference_images]")
{
  sample_set const set;
  set.regions("{\"image\": \"a.png\"}\n[1]\n");
  REQUIRE(
      mentions(error_of([&] { set.build(set.options(), "out"); }), {"regions.jsonl:2", "'image'"}));
  auto options = set.options();
  options.mode = "some";
  REQUIRE(mentions(error_of([&] { set.build(options, "out"); }), {"--mode", "key", "some"}));
}
