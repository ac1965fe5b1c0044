// SPDX-License-Identifier: MIT
/// \file  Corruptions: schedules, the statistics of the noise, and that bits depend on seed and
/// place alone.

#ifndef THRUST_DEVICE_SYSTEM
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_OMP
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cpp/execution_policy.h>
#include <thrust/system/omp/execution_policy.h>

#include <prefopt/core/philox.hpp>
#include <prefopt/image/blur.hpp>
#include <prefopt/image/corruption.hpp>
#include <prefopt/image/mask_out.hpp>
#include <prefopt/image/noise.hpp>
#include <prefopt/image/noise_schedule.hpp>
#include <prefopt/image/patch_shuffle.hpp>
#include <prefopt/image/preprocess.hpp>
#include <prefopt/row/half.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace prefopt;

namespace {

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b)
{
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// A tensor of the layout in which no two neighbours are alike, with numbers in [0, 1].
template <class Stored>
std::vector<Stored> ramp(tensor_layout const& layout)
{
  std::vector<Stored> values;
  for (index_t i = 0; i < layout.elements(); ++i) {
    values.push_back(element_codec<Stored>::encode(static_cast<float>(i * 37 % 101) / 101));
  }
  return values;
}

std::vector<std::uint8_t> some_pixels(index_t pixels)
{
  std::vector<std::uint8_t> mask;
  for (index_t i = 0; i < pixels; ++i) { mask.push_back(i * 7 % 3 == 0 ? 255 : 0); }
  return mask;
}

diffusion_noise noise_of(std::uint64_t seed)
{
  return {.level = noise_level_at(sigmoid_noise_schedule{}, 500), .seed = seed};
}

/// What `corrupt` gives on one thread, apart from its input.
template <class Corruption, class Stored>
std::vector<Stored> corrupted(Corruption const& change, std::vector<Stored> const& in,
                              std::vector<std::uint8_t> const& mask, tensor_layout const& layout,
                              int threads = 1)
{
  std::vector<Stored> out(in.size());
  corrupt(change, in, mask, std::span(out), layout, threads);
  return out;
}

/// Host threads and Thrust's systems give the bits of one thread, and nothing outside the mask
/// changes.
template <class Stored, class Corruption>
void check_everywhere(Corruption const& change, tensor_layout const& layout)
{
  auto const in = ramp<Stored>(layout);
  auto const mask = some_pixels(layout.pixels());
  auto const once = corrupted(change, in, mask, layout);
  for (int const threads : {2, 3, 8}) {
    REQUIRE(same_bits(corrupted(change, in, mask, layout, threads), once));
  }
  std::vector<Stored> by_cpp(in.size()), by_omp(in.size());
  thrust::counting_iterator<index_t> const first(0), last(layout.elements());
  thrust::for_each(thrust::cpp::par, first, last,
                   make_corrupted_element(change, in.data(), mask.data(), by_cpp.data(), layout));
  thrust::for_each(thrust::omp::par, first, last,
                   make_corrupted_element(change, in.data(), mask.data(), by_omp.data(), layout));
  REQUIRE(same_bits(by_cpp, once));
  REQUIRE(same_bits(by_omp, once));

  index_t changed = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    auto const place = static_cast<index_t>(i);
    index_t const pixel =
        layout.interleaved ? place / layout.channels % layout.pixels() : place % layout.pixels();
    bool const kept = std::memcmp(&in[i], &once[i], sizeof(Stored)) == 0;
    if (mask[static_cast<std::size_t>(pixel)] == 0) { REQUIRE(kept); }
    changed += kept ? 0 : 1;
  }
  CHECK(changed > layout.elements() / 6);  // of the third that is inside
  if constexpr (!Corruption::reads_neighbours) {
    auto in_place = in;
    corrupt(change, in_place, mask, std::span(in_place), layout, 2);
    REQUIRE(same_bits(in_place, once));
  }
}

struct schedule_value {
  index_t step;
  double kept;
};

}  // namespace

TEST_CASE("the schedules' values are those of 40 digits to 1e-9", "[corruption]")
{
  // Products of 1 - beta in mpmath with 40 digits, beta as published: VCD, DDPM, Nichol and
  // Dhariwal.
  auto const check = [](auto const& schedule, std::vector<schedule_value> const& values) {
    for (auto const& v : values) {
      CAPTURE(v.step);
      CHECK(alpha_bar(schedule, v.step) == Approx(v.kept).epsilon(1e-9).margin(0));
    }
  };
  check(sigmoid_noise_schedule{}, {{0, 0.99997766161044839},
                                   {100, 0.9965887606610067},
                                   {250, 0.97838569133464406},
                                   {499, 0.74667454020285566},
                                   {500, 0.74479852604307761},
                                   {700, 0.35126642020265936},
                                   {999, 0.081249194303999953}});
  check(linear_noise_schedule{}, {{0, 0.9999},
                                  {100, 0.89514159089753684},
                                  {250, 0.52142303061852735},
                                  {499, 0.078587242881778237},
                                  {500, 0.0777966583650239},
                                  {700, 0.0068682788903646532},
                                  {999, 4.0358297653756833e-5}});
  check(cosine_noise_schedule{}, {{0, 0.99995871577517822},
                                  {100, 0.97157568180783813},
                                  {250, 0.84588798649688294},
                                  {499, 0.49384359044063771},
                                  {500, 0.49228517244880258},
                                  {700, 0.20186889490464881},
                                  {999, 2.4287669070344684e-9}});
  CHECK(sigmoid_noise_schedule{}.beta(0) == Approx(2.2338389551607524e-5).epsilon(1e-9));
  CHECK(sigmoid_noise_schedule{}.beta(500) == Approx(2.5124924699700738e-3).epsilon(1e-9));
  CHECK(sigmoid_noise_schedule{}.beta(999) == Approx(4.9876616104483925e-3).epsilon(1e-9));
  CHECK(linear_noise_schedule{}.beta(500) == Approx(0.01005995995995996).epsilon(1e-9));
  CHECK(cosine_noise_schedule{}.beta(500) == Approx(3.1556914415850029e-3).epsilon(1e-9));
}

TEST_CASE("mean and variance of ten million noised pixels match theory, and the rest is untouched",
          "[corruption]")
{
  // The left four fifths of each row are the region.
  tensor_layout const layout{.channels = 1, .height = 2500, .width = 5000};
  std::vector<float> values(static_cast<std::size_t>(layout.elements()), 0.75f);
  std::vector<std::uint8_t> mask(values.size());
  for (std::size_t i = 0; i < mask.size(); ++i) { mask[i] = i % 5000 < 4000 ? 1 : 0; }
  auto const report = corrupt(noise_of(20251123), values, mask, std::span(values), layout, 2);
  REQUIRE(report.corrupted_pixels == 10000000);

  double const kept = alpha_bar(sigmoid_noise_schedule{}, 500);
  double const mean = std::sqrt(kept) * 0.75, variance = 1 - kept;
  double sum = 0, squares = 0, neighbours = 0, last = 0;
  index_t changed_outside = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (mask[i] == 0) {
      changed_outside += values[i] != 0.75f ? 1 : 0;
      continue;
    }
    double const d = static_cast<double>(values[i]) - mean;
    sum += d;
    squares += d * d;
    neighbours += d * last;
    last = d;
  }
  // Five standard errors: sigma / sqrt n, sqrt 2 sigma^2 / sqrt n, sigma^2 / sqrt n.
  double const n = 1e7;
  CHECK(changed_outside == 0);
  CHECK(std::abs(sum / n) < 5 * std::sqrt(variance / n));
  CHECK(std::abs(squares / n - variance) < 5 * std::sqrt(2 / n) * variance);
  CHECK(std::abs(neighbours / n) < 5 * variance / std::sqrt(n));
}

TEST_CASE("every corruption gives the same bits on any number of threads and under Thrust",
          "[corruption]")
{
  tensor_layout const planes{.channels = 3, .height = 15, .width = 17};
  tensor_layout const bytes{.channels = 3, .height = 15, .width = 17, .interleaved = true};
  tensor_layout const video{.items = 3, .channels = 3, .height = 6, .width = 8};
  tensor_layout const sound{.channels = 2, .height = 1, .width = 301};
  auto const check = [](auto const& change, tensor_layout const& layout) {
    check_everywhere<float>(change, layout);
    check_everywhere<bfloat16>(change, layout);
    check_everywhere<float16>(change, layout);
    check_everywhere<std::uint8_t>(change, layout);
    check_everywhere<std::int16_t>(change, layout);
  };
  for (auto const& layout : {planes, bytes, video, sound}) {
    CAPTURE(layout.items, layout.channels, layout.height, layout.width, layout.interleaved);
    check(noise_of(5), layout);
    check(mask_out{{0.3f, 0.2f, 0.9f}}, layout);
    check(make_gaussian_blur(1.5), layout);
    check(make_patch_shuffle(layout, 2, 3, min(layout.height, index_t{3})), layout);
  }
}

TEST_CASE("noise on decoded bytes and on the planes made of them is the same noise", "[corruption]")
{
  byte_image image = make_byte_image(9, 7, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<std::uint8_t>(96 + i % 64);
  }
  preprocess_options const clip;
  diffusion_noise on_planes{.level = noise_level_at(sigmoid_noise_schedule{}, 200), .seed = 4};
  diffusion_noise on_bytes = on_planes;
  for (std::size_t c = 0; c < 3; ++c) {
    on_bytes.centre[c] = clip.mean[c];
    on_bytes.spread[c] = clip.standard_deviation[c];
  }
  auto const bytes = corrupted(on_bytes, image.pixels, {},
                               {.channels = 3, .height = 7, .width = 9, .interleaved = true});
  auto const planes = corrupted(on_planes, normalise(image, clip).values, {},
                                {.channels = 3, .height = 7, .width = 9});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::size_t const c = i % 3, pixel = i / 3;
    double const back =
        255.0 *
        (static_cast<double>(planes[c * 63 + pixel]) * clip.standard_deviation[c] + clip.mean[c]);
    CAPTURE(i, back);
    CHECK(std::abs(bytes[i] - min(max(back, 0.0), 255.0)) <= 0.5 + 1e-4);  // rounded to a byte
  }
}

TEST_CASE("bytes and samples come back as they were, and what does not fit is cut", "[corruption]")
{
  for (int v = 0; v < 256; ++v) {
    auto const byte = static_cast<std::uint8_t>(v);
    REQUIRE(element_codec<std::uint8_t>::encode(element_codec<std::uint8_t>::decode(byte)) == byte);
  }
  for (int v = -32768; v < 32768; ++v) {
    auto const sample = static_cast<std::int16_t>(v);
    REQUIRE(element_codec<std::int16_t>::encode(element_codec<std::int16_t>::decode(sample)) ==
            sample);
  }
  auto const byte = [](float v) { return int{element_codec<std::uint8_t>::encode(v)}; };
  CHECK(byte(-0.1f) == 0);
  CHECK(byte(1.7f) == 255);
  CHECK(byte(infinity_v<float>) == 255);
  CHECK(byte(-infinity_v<float>) == 0);
  CHECK(byte(quiet_nan_v<float>) == 0);
  CHECK(byte(0.5f) == 128);  // 127.5, a tie, goes up
  CHECK(element_codec<std::int16_t>::encode(1) == 32767);
  CHECK(element_codec<std::int16_t>::encode(-2) == -32768);
}

TEST_CASE("the stream of a row gives the normals of single elements", "[corruption]")
{
  normal_stream stream(7);
  for (index_t const i : {0, 1, 2, 3, 4, 9, 8, 7, 1000003, 1000002, 3}) {
    CAPTURE(i);
    float const one = philox_normal(7, i), streamed = stream(i);
    REQUIRE(std::memcmp(&one, &streamed, sizeof one) == 0);
  }
  // A fresh stream has drawn no block yet, also not the last one that there is.
  normal_stream fresh(7);
  CHECK(fresh(-1) == philox_normal(7, -1));
}

TEST_CASE("noise in fp32 and bf16 differs by the rounding of bf16 only", "[corruption]")
{
  tensor_layout const layout{.channels = 3, .height = 8, .width = 8};
  std::vector<float> wide(192);
  std::vector<bfloat16> narrow(192);
  for (std::size_t i = 0; i < 192; ++i) {
    narrow[i] = bfloat16(static_cast<float>(i) / 100);
    wide[i] = static_cast<float>(narrow[i]);
  }
  auto const a = corrupted(noise_of(3), wide, {}, layout);
  auto const b = corrupted(noise_of(3), narrow, {}, layout);
  for (std::size_t i = 0; i < 192; ++i) { REQUIRE(b[i].bits == bfloat16(a[i]).bits); }
}

TEST_CASE("an empty mask means the whole tensor, and masks may differ by item", "[corruption]")
{
  tensor_layout const video{.items = 2, .channels = 3, .height = 2, .width = 2};
  auto const in = ramp<float>(video);
  std::vector<float> out(24), none_set(24), by_item(24);
  auto whole = corrupt(noise_of(1), in, {}, std::span(out), video);
  CHECK(whole.whole);
  CHECK(whole.corrupted_pixels == 8);
  CHECK(corrupt(noise_of(1), in, std::vector<std::uint8_t>(4), std::span(none_set), video).whole);
  CHECK(same_bits(out, none_set));

  std::vector<std::uint8_t> const shared{1, 0, 0, 0}, each{0, 0, 0, 0, 1, 1, 0, 0};
  CHECK(corrupt(noise_of(1), in, shared, std::span(by_item), video).corrupted_pixels == 2);
  auto const report = corrupt(noise_of(1), in, each, std::span(by_item), video);
  CHECK(report.corrupted_pixels == 2);
  CHECK_FALSE(report.whole);
  for (std::size_t i = 0; i < 24; ++i) {
    bool const inside = i >= 12 && i % 4 < 2;
    CHECK(by_item[i] == (inside ? out[i] : in[i]));
  }
}

TEST_CASE("NaN and infinity inside stay what they are, and outside keep their bits", "[corruption]")
{
  tensor_layout const layout{.channels = 1, .height = 1, .width = 6};
  float const nan = quiet_nan_v<float>, inf = infinity_v<float>;
  std::vector<float> const in{nan, inf, -0.0f, nan, inf, -0.0f};
  auto const out = corrupted(noise_of(2), in, {1, 1, 1, 0, 0, 0}, layout);
  CHECK(std::isnan(out[0]));
  CHECK(out[1] == inf);
  CHECK(std::isfinite(out[2]));
  CHECK(std::memcmp(&out[3], &in[3], 3 * sizeof(float)) == 0);
}

TEST_CASE("blur keeps what is constant, spreads a point by the Gaussian, and works in place",
          "[corruption]")
{
  tensor_layout const layout{.channels = 1, .height = 21, .width = 31};
  std::vector<float> in(651, 0.25f), out(651), workspace(651);
  blur_regions(2.0, in, {}, std::span(out), layout, workspace);
  for (float const v : out) { REQUIRE(v == Approx(0.25f).epsilon(1e-6)); }

  std::fill(in.begin(), in.end(), 0.0f);
  in[10 * 31 + 15] = 1;
  auto const report = blur_regions(2.0, in, {}, std::span(out), layout, workspace);
  CHECK(report.whole);
  double sum = 0, spread_x = 0, spread_y = 0, norm = 0;
  for (int k = -6; k <= 6; ++k) { norm += std::exp(-k * k / 8.0); }
  for (index_t y = 0; y < 21; ++y) {
    for (index_t x = 0; x < 31; ++x) {
      double const v = out[static_cast<std::size_t>(y * 31 + x)];
      auto const dx = static_cast<double>(x - 15), dy = static_cast<double>(y - 10);
      bool const near = std::abs(dx) <= 6 && std::abs(dy) <= 6;
      double const exact = near ? std::exp(-(dx * dx + dy * dy) / 8) / (norm * norm) : 0;
      REQUIRE(v == Approx(exact).epsilon(1e-5).margin(1e-9));
      sum += v;
      spread_x += v * dx * dx;
      spread_y += v * dy * dy;
    }
  }
  CHECK(sum == Approx(1).epsilon(1e-6));
  CHECK(spread_x == Approx(spread_y).epsilon(1e-6));

  // In place, inside a mask, on interleaved bytes, by any number of threads: one result.
  tensor_layout const bytes{.channels = 3, .height = 21, .width = 31, .interleaved = true};
  auto const picture = ramp<std::uint8_t>(bytes);
  auto const mask = some_pixels(651);
  std::vector<float> room(1953);
  std::vector<std::uint8_t> apart(1953), in_place = picture, threaded(1953);
  blur_regions(3.0, picture, mask, std::span(apart), bytes, room);
  blur_regions(3.0, in_place, mask, std::span(in_place), bytes, room);
  blur_regions(3.0, picture, mask, std::span(threaded), bytes, room, 4);
  CHECK(apart == in_place);
  CHECK(apart == threaded);
  for (std::size_t i = 0; i < 1953; ++i) {
    if (mask[i / 3] == 0) { REQUIRE(apart[i] == picture[i]); }
  }
}

TEST_CASE("shuffled patches are the picture's own, each once, and narrow strips stay",
          "[corruption]")
{
  tensor_layout const layout{.channels = 2, .height = 9, .width = 14};
  std::vector<float> in(252);
  for (std::size_t i = 0; i < 252; ++i) { in[i] = static_cast<float>(i); }
  auto const shuffle = make_patch_shuffle(layout, 3, 4, 3);
  auto const out = corrupted(shuffle, in, {}, layout);
  std::vector<int> seen(252);
  index_t moved = 0;
  for (std::size_t i = 0; i < 252; ++i) {
    auto const source = static_cast<std::size_t>(out[i]);
    ++seen[source];
    moved += source != i ? 1 : 0;
    std::size_t const x = i % 14, y = i / 14 % 9;
    CHECK(source / 126 == i / 126);  // the same channel
    if (x >= 12) {
      CHECK(source == i);
    } else {
      CHECK(source % 14 % 4 == x % 4);  // the same spot of a patch
      CHECK(source / 14 % 9 % 3 == y % 3);
    }
    if (i >= 126) { CHECK(out[i] == out[i - 126] + 126); }  // the same patches in each channel
  }
  for (int const count : seen) { CHECK(count == 1); }
  CHECK(moved > 100);
  CHECK_FALSE(same_bits(out, corrupted(make_patch_shuffle(layout, 4, 4, 3), in, {}, layout)));
}

TEST_CASE("wrong sizes, overlapping memory and wrong parameters are refused", "[corruption]")
{
  tensor_layout const layout{.channels = 3, .height = 2, .width = 2};
  std::vector<float> in(12), out(12), more(24);
  auto const error = [&](std::span<float const> from, std::size_t mask, std::span<float> to,
                         tensor_layout const& as, int threads = 1) {
    return error_of<std::invalid_argument>(
        [&] { corrupt(mask_out{}, from, std::vector<std::uint8_t>(mask), to, as, threads); });
  };
  CHECK(error(in, 4, out, layout) == "no error");
  CHECK(error(in, 3, out, layout) ==
        "prefopt::corrupt: mask: expected none, 4 entries or as many for each of 1 items, got 3");
  CHECK(mentions(error(more, 4, out, layout), {"'in'", "12 elements", "24"}));
  CHECK(mentions(error(in, 4, more, layout), {"'out'"}));
  CHECK(mentions(error(in, 4, out, layout, 0), {"threads"}));
  CHECK(mentions(error(in, 4, out, {.channels = 0}), {"layout", "1 x 0 x 1 x 1"}));
  CHECK(mentions(error(in, 4, out, {.channels = 3, .height = index_t{1} << 40, .width = 4}),
                 {"layout"}));

  std::span<float> const first(more.data(), 12), shifted(more.data() + 1, 12);
  CHECK(mentions(error(first, 4, shifted, layout), {"overlaps"}));
  CHECK(error(first, 4, first, layout) == "no error");
  CHECK(mentions(error_of([&] { corrupt(make_gaussian_blur(1), first, {}, first, layout); }),
                 {"out", "neighbours"}));
  CHECK(mentions(error_of([&] { blur_regions(1, in, {}, std::span(out), layout, std::span(out)); }),
                 {"overlap"}));
  CHECK_THROWS_AS(blur_regions(1, in, {}, std::span(out), layout, std::span(more)),
                  std::invalid_argument);
  for (double const sigma : {0.0, -1.0, 22.0, quiet_nan_v<double>}) {
    CHECK_THROWS_AS(make_gaussian_blur(sigma), std::invalid_argument);
  }
  CHECK_THROWS_AS(make_patch_shuffle(layout, 0, 3, 1), std::invalid_argument);
  CHECK_THROWS_AS(make_patch_shuffle(layout, 0, 0, 1), std::invalid_argument);
}

TEST_CASE("a picture of one pixel and one of 20,000 pixels are corrupted like any other",
          "[corruption]")
{
  check_everywhere<float>(noise_of(9), {.channels = 3, .height = 1, .width = 20000});
  std::vector<std::uint8_t> const pixel{10, 200, 30};
  tensor_layout const one{.channels = 3, .height = 1, .width = 1, .interleaved = true};
  CHECK(corrupted(make_gaussian_blur(5), pixel, {1}, one) == pixel);
  CHECK(corrupted(make_patch_shuffle(one, 1, 1, 1), pixel, {1}, one) == pixel);
  CHECK(corrupted(mask_out{{1, 1, 1}}, pixel, {1}, one) == std::vector<std::uint8_t>(3, 255));
}
