// SPDX-License-Identifier: MIT
/// \file  Image preprocessing, counter-based noise and region noise.

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/core/philox.hpp>
#include <prefopt/image/noise.hpp>
#include <prefopt/image/preprocess.hpp>
#include <prefopt/image/resize.hpp>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/fixtures.hpp"
#include "support/splitmix_image.hpp"

namespace {

using prefopt::byte_image;
using prefopt::index_t;

byte_image mask_with(index_t width, index_t height,
                     std::vector<std::pair<index_t, index_t>> const& set)
{
  byte_image mask = prefopt::make_byte_image(width, height, 1);
  for (auto const& [x, y] : set) { mask.at(x, y, 0) = 255; }
  return mask;
}

index_t count_set(byte_image const& mask)
{
  index_t count = 0;
  for (auto const pixel : mask.pixels) { count += pixel != 0; }
  return count;
}

bool same_bits(std::vector<float> const& a, std::vector<float> const& b)
{
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("padded and cropped bicubic resizing equals Pillow bit for bit", "[image]")
{
  std::ifstream file(image_fixture_dir() + "/pillow_resize_golden.json");
  REQUIRE(file);
  auto const golden = nlohmann::json::parse(file);
  REQUIRE(golden["cases"].size() == 10);
  for (auto const& c : golden["cases"]) {
    CAPTURE(c["width"].get<index_t>(), c["height"].get<index_t>(), c["size"].get<index_t>());
    prefopt::preprocess_options options;
    options.size = c["size"].get<index_t>();
    options.mode =
        c["mode"] == "pad" ? prefopt::square_mode::pad : prefopt::square_mode::centre_crop;
    auto const input = splitmix_image(c["width"].get<index_t>(), c["height"].get<index_t>());
    auto const square = prefopt::square_image(input, options);
    if (c.contains("rgb_hex")) { REQUIRE(hex(square.pixels) == c["rgb_hex"].get<std::string>()); }
    REQUIRE(fnv1a64(square.pixels) == c["fnv1a64"].get<std::string>());
  }
}

TEST_CASE("pictures of gradients and stripes are resized as Pillow resizes them", "[image]")
{
  std::ifstream file(image_fixture_dir() + "/pil_bicubic_golden.json");
  REQUIRE(file);
  auto const golden = nlohmann::json::parse(file);
  REQUIRE(golden["cases"].size() == 3);
  for (auto const& c : golden["cases"]) {
    byte_image image = prefopt::make_byte_image(c["w"].get<index_t>(), c["h"].get<index_t>(), 3);
    for (index_t y = 0; y < image.height; ++y) {
      for (index_t x = 0; x < image.width; ++x) {
        image.at(x, y, 0) = static_cast<std::uint8_t>(37 * x + 11 * y);
        image.at(x, y, 1) = static_cast<std::uint8_t>(3 * x * x + 29 * y + 17);
        image.at(x, y, 2) = static_cast<std::uint8_t>(23 * (x ^ y) + y * y);
      }
    }
    std::vector<std::uint8_t> expected;
    for (auto const& pixel : c["rgb_rowmajor"]) {
      for (auto const& value : pixel) { expected.push_back(value.get<std::uint8_t>()); }
    }
    prefopt::preprocess_options options;
    options.size = c["target"].get<index_t>();
    options.mode = prefopt::square_mode::pad;
    CHECK(prefopt::square_image(image, options).pixels == expected);
  }
}

TEST_CASE("resizing to the same size changes nothing and a constant stays constant", "[image]")
{
  byte_image image = prefopt::make_byte_image(7, 5, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<std::uint8_t>(37 * i);
  }
  REQUIRE(prefopt::resize_bicubic(image, 7, 5).pixels == image.pixels);
  REQUIRE(prefopt::resize_nearest(image, 7, 5).pixels == image.pixels);

  std::fill(image.pixels.begin(), image.pixels.end(), std::uint8_t{201});
  for (auto const& [w, h] : {std::pair{1, 1}, {3, 11}, {40, 2}}) {
    auto const resized = prefopt::resize_bicubic(image, w, h);
    REQUIRE(resized.pixels == std::vector<std::uint8_t>(static_cast<std::size_t>(w * h * 3), 201));
  }
  REQUIRE_THROWS_AS(prefopt::resize_bicubic(image, 0, 4), std::invalid_argument);
  REQUIRE_THROWS_AS(prefopt::resize_bicubic(byte_image{}, 4, 4), std::invalid_argument);
}

TEST_CASE("pixels are normalised with the mean and deviation of CLIP into planes", "[image]")
{
  byte_image image = prefopt::make_byte_image(2, 1, 3);
  image.pixels = {0, 128, 255, 255, 0, 1};
  auto const planes = prefopt::normalise(image);
  std::vector<float> const expected{-1.79226255f, 1.93033625f, 0.16889724f,
                                    -1.75209713f, 2.14589699f, -1.46599970f};
  // (v / 255 - mean) / deviation, computed with double arithmetic from the constants of the header.
  REQUIRE(planes.channels == 3);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    REQUIRE(planes.values[i] == Approx(expected[i]).epsilon(1e-6));
  }
}

TEST_CASE("padding centres the image on the mean colour", "[image]")
{
  byte_image image = prefopt::make_byte_image(4, 2, 3);
  std::fill(image.pixels.begin(), image.pixels.end(), std::uint8_t{9});
  prefopt::preprocess_options options;
  options.size = 4;
  auto const square = prefopt::square_image(image, options);
  for (index_t x = 0; x < 4; ++x) {
    REQUIRE(square.at(x, 0, 0) == 122);
    REQUIRE(square.at(x, 0, 1) == 116);
    REQUIRE(square.at(x, 3, 2) == 104);
    REQUIRE(square.at(x, 1, 0) == 9);
    REQUIRE(square.at(x, 2, 1) == 9);
  }
}

TEST_CASE("centre cropping keeps the middle of the long side", "[image]")
{
  byte_image image = prefopt::make_byte_image(9, 3, 3);
  for (index_t y = 0; y < 3; ++y) {
    for (index_t x = 0; x < 9; ++x) { image.at(x, y, 0) = static_cast<std::uint8_t>(10 * x); }
  }
  prefopt::preprocess_options options;
  options.size = 3;
  options.mode = prefopt::square_mode::centre_crop;
  auto const middle = prefopt::square_image(image, options);
  for (index_t x = 0; x < 3; ++x) { REQUIRE(middle.at(x, 1, 0) == 10 * (x + 3)); }

  REQUIRE_THROWS_AS(prefopt::make_square_geometry(1000, 9, options), std::invalid_argument);
  auto const g = prefopt::make_square_geometry(
      500, 333, {.size = 336, .mode = prefopt::square_mode::centre_crop});
  REQUIRE(g.resized_width == 504);  // int(336 * 500 / 333)
  REQUIRE(g.resized_height == 336);
  REQUIRE(g.crop_left == 84);
}

TEST_CASE("a mask goes through the geometry of its image", "[image]")
{
  prefopt::preprocess_options options;
  options.size = 8;
  // A black image with one white block, and the mask of that block: after preprocessing the bright
  // pixels lie in the mask. The block is aligned with the sampling, so that the match is exact.
  for (auto const mode : {prefopt::square_mode::pad, prefopt::square_mode::centre_crop}) {
    options.mode = mode;
    byte_image image = prefopt::make_byte_image(32, 16, 3);
    byte_image mask = prefopt::make_byte_image(32, 16, 1);
    for (index_t y = 4; y < 12; ++y) {
      for (index_t x = 12; x < 20; ++x) {
        mask.at(x, y, 0) = 1;
        for (index_t c = 0; c < 3; ++c) { image.at(x, y, c) = 255; }
      }
    }
    auto const small_image = prefopt::square_image(image, options);
    auto const small_mask = prefopt::preprocess_mask(mask, options);
    REQUIRE(count_set(small_mask) == (mode == prefopt::square_mode::pad ? 4 : 16));
    for (index_t y = 0; y < 8; ++y) {
      for (index_t x = 0; x < 8; ++x) {
        INFO("pixel " << x << ", " << y);
        REQUIRE((small_image.at(x, y, 0) > 180) == (small_mask.at(x, y, 0) == 1));
      }
    }
  }
}

TEST_CASE("a region between the samples of a mask does not vanish", "[image]")
{
  prefopt::preprocess_options options;
  options.size = 4;
  auto const mask = prefopt::preprocess_mask(mask_with(64, 64, {{0, 0}, {63, 40}}), options);
  REQUIRE(count_set(mask) == 2);
  REQUIRE(mask.at(0, 0, 0) == 1);
  REQUIRE(mask.at(3, 2, 0) == 1);
  REQUIRE(count_set(prefopt::preprocess_mask(mask_with(64, 64, {}), options)) == 0);
  REQUIRE_THROWS_AS(prefopt::preprocess_mask(prefopt::make_byte_image(4, 4, 3)),
                    std::invalid_argument);
  REQUIRE_THROWS_AS(prefopt::preprocess(prefopt::make_byte_image(4, 4, 1)), std::invalid_argument);
}

TEST_CASE("Philox gives the published known answers", "[image]")
{
  // Random123 1.14, tests/kat_vectors, philox4x32 with 10 rounds.
  struct known_answer {
    prefopt::philox_block counter;
    std::uint32_t key0, key1;
    prefopt::philox_block result;
  };
  known_answer const known[] = {
      {{{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
       0xffffffff,
       0xffffffff,
       {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
       0xa4093822,
       0x299f31d0,
       {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  };
  for (auto const& k : known) {
    auto const block = prefopt::philox4x32(k.counter, k.key0, k.key1);
    for (int i = 0; i < 4; ++i) { REQUIRE(block.word[i] == k.result.word[i]); }
  }
}

TEST_CASE("own logarithm, sine and cosine are accurate to float rounding", "[image]")
{
  for (std::uint32_t k = 0; k < (1u << 23); k += 997) {
    double const u = (2.0 * k + 1) / (1 << 24);
    REQUIRE(prefopt::detail::log_of_odd(k) == Approx(std::log(u)).epsilon(2e-7).margin(0));
    double const middle = 0.78539816339744831;
    double const angle = (k + 0.5) / (1 << 21) * 2 * middle - middle;
    auto const d = prefopt::detail::direction_of(k);
    REQUIRE(std::abs(static_cast<double>(d.sine) - std::sin(angle)) < 2e-7);
    REQUIRE(std::abs(static_cast<double>(d.cosine) - std::cos(angle)) < 2e-7);
  }
  REQUIRE(prefopt::detail::log_of_odd((1u << 23) - 1) ==
          Approx(std::log1p(-0x1p-24)).epsilon(2e-7));
}

TEST_CASE("normals have the moments and tails of the normal distribution", "[image]")
{
  constexpr index_t n = 400000;
  double sum = 0, squares = 0, fourth = 0, neighbours = 0;
  index_t beyond_two = 0;
  float previous = 0;
  for (index_t i = 0; i < n; ++i) {
    float const e = prefopt::philox_normal(20241015, i);
    sum += e;
    squares += e * e;
    fourth += std::pow(static_cast<double>(e), 4);
    neighbours += e * previous;
    beyond_two += std::abs(e) > 2;
    previous = e;
  }
  // Five standard errors of each estimate: 1, sqrt 2, sqrt 96 over sqrt n; binomial for the tail.
  double const unit = 5 / std::sqrt(static_cast<double>(n));
  auto const mean = [](double total) { return total / static_cast<double>(n); };
  REQUIRE(std::abs(mean(sum)) < unit);
  REQUIRE(std::abs(mean(squares) - 1) < unit * std::sqrt(2.0));
  REQUIRE(std::abs(mean(fourth) - 3) < unit * std::sqrt(96.0));
  REQUIRE(std::abs(mean(neighbours)) < unit);
  REQUIRE(std::abs(mean(static_cast<double>(beyond_two)) - 0.04550026) < unit * std::sqrt(0.0434));
}

TEST_CASE("normals are frozen: they depend on seed and index alone", "[image]")
{
  // Frozen from this implementation, so that stored experiments can be repeated with later
  // versions.
  std::uint32_t const expected[] = {0xbe5c8589, 0xbe5cf196, 0x400146bb,
                                    0xbf027e76, 0xbf24d66c, 0xbf968e21};
  for (index_t i = 0; i < 6; ++i) {
    float const e = prefopt::philox_normal(7, i);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &e, sizeof bits);
    CAPTURE(i, e);
    REQUIRE(bits == expected[i]);
  }
  REQUIRE(prefopt::philox_normal(7, index_t{1} << 40) != prefopt::philox_normal(7, 0));
  REQUIRE(prefopt::philox_normal(std::uint64_t{7} << 32, 0) != prefopt::philox_normal(7, 0));
}

TEST_CASE("the noise schedules give the values of their sources", "[image]")
{
  prefopt::sigmoid_noise_schedule const vcd;
  // Products of the published formula in double precision.
  REQUIRE(vcd.beta(0) == Approx(2.2338389552e-5).epsilon(1e-9));
  REQUIRE(vcd.beta(500) == Approx(2.5124924700e-3).epsilon(1e-9));
  REQUIRE(vcd.beta(999) == Approx(4.9876616104e-3).epsilon(1e-9));
  REQUIRE(prefopt::alpha_bar(vcd, 100) == Approx(.9965887607).epsilon(1e-9));
  REQUIRE(prefopt::alpha_bar(vcd, 250) == Approx(.9783856913).epsilon(1e-9));
  REQUIRE(prefopt::alpha_bar(vcd, 499) == Approx(.7466745402).epsilon(1e-9));
  REQUIRE(prefopt::alpha_bar(vcd, 500) == Approx(.7447985260).epsilon(1e-9));
  REQUIRE(prefopt::alpha_bar(vcd, 700) == Approx(.3512664202).epsilon(1e-9));
  REQUIRE(prefopt::alpha_bar(vcd, 999) == Approx(.0812491943).epsilon(1e-9));
  auto const level = prefopt::noise_level_at(vcd, 500);
  REQUIRE(level.signal == Approx(.8630171065).epsilon(1e-7));
  REQUIRE(level.noise == Approx(.5051746965).epsilon(1e-7));

  prefopt::linear_noise_schedule const ddpm;
  REQUIRE(ddpm.beta(0) == Approx(1e-4));
  REQUIRE(ddpm.beta(999) == Approx(0.02));
  REQUIRE(prefopt::alpha_bar(ddpm, 999) == Approx(4.0358e-5).epsilon(1e-4));

  prefopt::cosine_noise_schedule const cosine;
  REQUIRE(cosine.beta(999) == 0.999);
  // Before the clip the product telescopes to f((t + 1) / T) / f(0).
  double const f0 = std::pow(std::cos(0.008 / 1.008 * 1.5707963267948966), 2);
  double const f500 = std::pow(std::cos((0.5 + 0.008) / 1.008 * 1.5707963267948966), 2);
  REQUIRE(prefopt::alpha_bar(cosine, 499) == Approx(f500 / f0).epsilon(1e-9));

  REQUIRE_THROWS_AS(prefopt::alpha_bar(vcd, 1000), std::invalid_argument);
  REQUIRE_THROWS_AS(prefopt::alpha_bar(vcd, -1), std::invalid_argument);
}

TEST_CASE("noise stays inside the mask and everything outside keeps its bits", "[image]")
{
  index_t const pixels = 12;
  std::vector<float> image(36, 0.5f);
  image[0] = -0.0f;
  image[13] = std::numeric_limits<float>::denorm_min();
  image[25] = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::uint8_t> mask(12, 0);
  mask[3] = 1;
  mask[7] = 255;
  auto const level = prefopt::noise_level_at(prefopt::sigmoid_noise_schedule{}, 500);
  std::vector<float> out(36);
  auto const report = prefopt::noise_regions(image, mask, out, pixels, level, 11);
  REQUIRE(report.noised_pixels == 2);
  REQUIRE_FALSE(report.whole_image);
  for (std::size_t i = 0; i < out.size(); ++i) {
    bool const kept = std::memcmp(&out[i], &image[i], sizeof(float)) == 0;
    REQUIRE(kept == (mask[i % 12] == 0));
    if (kept) { continue; }
    double const eps = prefopt::philox_normal(11, static_cast<index_t>(i));
    REQUIRE(out[i] ==
            Approx(double{level.signal} * image[i] + double{level.noise} * eps).epsilon(1e-6));
  }

  // The noise of an element is the same whatever the mask is, and in place gives the same bits.
  std::vector<float> whole(36), in_place = image;
  REQUIRE(prefopt::noise_regions(image, {}, whole, pixels, level, 11).whole_image);
  REQUIRE(whole[3] == out[3]);
  REQUIRE(whole[19] == out[19]);
  prefopt::noise_regions(in_place, mask, in_place, pixels, level, 11);
  REQUIRE(same_bits(in_place, out));

  std::vector<float> other(36);
  prefopt::noise_regions(image, mask, other, pixels, level, 12);
  REQUIRE(other[3] != out[3]);
}

TEST_CASE("an empty mask noises the whole image and the report says so", "[image]")
{
  std::vector<float> const image(12, 1.0f);
  std::vector<float> none_set(12), no_mask(12);
  prefopt::noise_level const level{0.6f, 0.8f};
  auto const report =
      prefopt::noise_regions(image, std::vector<std::uint8_t>(4, 0), none_set, 4, level, 1);
  REQUIRE(report.whole_image);
  REQUIRE(report.noised_pixels == 4);
  prefopt::noise_regions(image, {}, no_mask, 4, level, 1);
  REQUIRE(same_bits(none_set, no_mask));
  for (float const v : none_set) { REQUIRE(v != 1.0f); }
  REQUIRE_THROWS_AS(prefopt::noise_regions(image, {}, none_set, 5, level, 1),
                    std::invalid_argument);
  REQUIRE_THROWS_AS(
      prefopt::noise_regions(image, std::vector<std::uint8_t>(3), none_set, 4, level, 1),
      std::invalid_argument);
}

TEST_CASE("a picture that padding would blow up is refused before any memory is taken", "[image]")
{
  prefopt::preprocess_options const pad{.size = 56};
  CHECK_THROWS_WITH(
      prefopt::make_square_geometry(16384, 1, pad),
      "preprocess: expected an image whose padded square has at most 134217728 pixels, "
      "got 16384 x 1");
  CHECK(prefopt::make_square_geometry(8000, 100, pad).canvas_width == 8000);
}
