// SPDX-License-Identifier: MIT
#pragma once
/// \file  Resizing of 8-bit images: Pillow's antialiased bicubic bit for bit, and nearest
/// neighbour.

#include <cstdint>
#include <vector>

#include <prefopt/core/math.hpp>
#include <prefopt/image/image.hpp>

namespace prefopt {
namespace detail {

/// Keys' cubic kernel with a = -1/2, which is what Pillow calls BICUBIC.
inline double cubic_kernel(double x)
{
  constexpr double a = -0.5;
  x = x < 0 ? -x : x;
  if (x < 1) { return ((a + 2) * x - (a + 3)) * x * x + 1; }
  if (x < 2) { return (((x - 5) * x + 8) * x - 4) * a; }
  return 0;
}

inline constexpr int weight_bits = 22;  // 32 bits less 8 for the pixel and 2 for overshoot

/// The source pixels of one output pixel, first .. first + weights.size(), in units of 2^-22.
struct resize_taps {
  index_t first = 0;
  std::vector<std::int32_t> weights;
};

/// Antialiased: when shrinking, the kernel is stretched to the size of an output pixel.
inline resize_taps cubic_taps(index_t in_size, index_t out_size, index_t out)
{
  double const scale = static_cast<double>(in_size) / static_cast<double>(out_size);
  double const stretch = max(scale, 1.0);
  double const support = 2 * stretch;
  double const inverse = 1.0 / stretch;
  double const centre = (static_cast<double>(out) + 0.5) * scale;

  index_t const first = max(static_cast<index_t>(centre - support + 0.5), index_t{0});
  index_t const last = min(static_cast<index_t>(centre + support + 0.5), in_size);
  std::vector<double> exact;
  double sum = 0;
  for (index_t x = first; x < last; ++x) {
    exact.push_back(cubic_kernel((static_cast<double>(x) - centre + 0.5) * inverse));
    sum += exact.back();
  }
  resize_taps taps{first, {}};
  for (double const w : exact) {
    double const units = w / sum * (1 << weight_bits);
    taps.weights.push_back(static_cast<std::int32_t>(units < 0 ? units - 0.5 : units + 0.5));
  }
  return taps;
}

inline std::uint8_t round_to_byte(std::int32_t sum)
{
  return static_cast<std::uint8_t>(clamp(sum >> weight_bits, 0, 255));
}

inline std::vector<resize_taps> all_cubic_taps(index_t in_size, index_t out_size)
{
  std::vector<resize_taps> all;
  all.reserve(static_cast<std::size_t>(out_size));
  for (index_t out = 0; out < out_size; ++out) {
    all.push_back(cubic_taps(in_size, out_size, out));
  }
  return all;
}

/// A pixel of N neighbouring channels at once, which is what compilers turn into vectors.
template <index_t N>
void weigh_pixel(std::uint8_t const* source, index_t step, resize_taps const& taps,
                 std::uint8_t* out)
{
  std::int32_t sums[N];
  for (auto& sum : sums) { sum = 1 << (weight_bits - 1); }  // rounds to nearest
  source += taps.first * step;
  for (std::int32_t const w : taps.weights) {
    for (index_t c = 0; c < N; ++c) { sums[c] += w * source[c]; }
    source += step;
  }
  for (index_t c = 0; c < N; ++c) { out[c] = round_to_byte(sums[c]); }
}

inline byte_image resize_width(byte_image const& in, index_t width)
{
  byte_image out = make_byte_image(width, in.height, in.channels);
  auto const taps = all_cubic_taps(in.width, width);
  index_t const channels = in.channels;
  std::uint8_t* pixel = out.pixels.data();
  for (index_t y = 0; y < in.height; ++y) {
    std::uint8_t const* const row = in.pixels.data() + y * in.width * channels;
    for (index_t x = 0; x < width; ++x, pixel += channels) {
      auto const& of_x = taps[static_cast<std::size_t>(x)];
      if (channels == 3) {
        weigh_pixel<3>(row, channels, of_x, pixel);
        continue;
      }
      for (index_t c = 0; c < channels; ++c) { weigh_pixel<1>(row + c, channels, of_x, pixel + c); }
    }
  }
  return out;
}

inline byte_image resize_height(byte_image const& in, index_t height)
{
  byte_image out = make_byte_image(in.width, height, in.channels);
  index_t const pitch = in.width * in.channels;
  std::vector<std::int32_t> sums(static_cast<std::size_t>(pitch));
  for (index_t y = 0; y < height; ++y) {
    auto const taps = cubic_taps(in.height, height, y);
    sums.assign(sums.size(), 1 << (weight_bits - 1));  // rounds to nearest
    std::uint8_t const* row = in.pixels.data() + taps.first * pitch;
    for (std::int32_t const w : taps.weights) {
      for (std::size_t i = 0; i < sums.size(); ++i) { sums[i] += w * row[i]; }
      row += pitch;
    }
    std::uint8_t* const to = out.pixels.data() + y * pitch;
    for (std::size_t i = 0; i < sums.size(); ++i) { to[i] = round_to_byte(sums[i]); }
  }
  return out;
}

/// For each output pixel the input pixel under its centre, (out + 1/2) in_size / out_size. Where a
/// centre falls on the edge between two pixels, rounding decides as it does in Pillow, which adds
/// up the steps.
inline std::vector<index_t> nearest_sources(index_t in_size, index_t out_size)
{
  double const step = static_cast<double>(in_size) / static_cast<double>(out_size);
  double place = step * 0.5;
  std::vector<index_t> sources;
  sources.reserve(static_cast<std::size_t>(out_size));
  for (index_t out = 0; out < out_size; ++out, place += step) {
    sources.push_back(min(static_cast<index_t>(place), in_size - 1));
  }
  return sources;
}

}  // namespace detail

/// Pillow's `Image.resize((width, height), BICUBIC)` on 8-bit channels, bit for bit (checked
/// against Pillow 9.4 and 11.3): Keys' kernel, antialiased, 22-bit weights, horizontal pass rounded
/// to bytes, then vertical. Pillow 13 does the vertical pass first where a picture shrinks more in
/// height (python-pillow/Pillow#9549), which changes some bytes by rounding: models in use were
/// trained before. Throws std::invalid_argument for empty images or targets.
inline byte_image resize_bicubic(byte_image const& in, index_t width, index_t height)
{
  check_image(in);
  return detail::resize_height(detail::resize_width(in, width), height);
}

/// Pillow's `Image.resize((width, height), NEAREST)`, pixel for pixel (checked against
/// Pillow 13.0): output x shows input floor((x + 1/2) in / out). Values are never mixed, so it is
/// the filter for masks. Throws std::invalid_argument for empty images or targets.
inline byte_image resize_nearest(byte_image const& in, index_t width, index_t height)
{
  check_image(in);
  byte_image out = make_byte_image(width, height, in.channels);
  auto const columns = detail::nearest_sources(in.width, width);
  auto const rows = detail::nearest_sources(in.height, height);
  for (index_t y = 0; y < height; ++y) {
    index_t const source_y = rows[static_cast<std::size_t>(y)];
    for (index_t x = 0; x < width; ++x) {
      index_t const source_x = columns[static_cast<std::size_t>(x)];
      for (index_t c = 0; c < in.channels; ++c) { out.at(x, y, c) = in.at(source_x, source_y, c); }
    }
  }
  return out;
}

}  // namespace prefopt
