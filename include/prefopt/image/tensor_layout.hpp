// SPDX-License-Identifier: MIT
#pragma once
/// \file  Elements of a picture, sound or video: where they lie and what number they store.

#include <cmath>
#include <cstdint>
#include <string>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// Where the elements of a modality's tensor lie: `items` (frames of a video, pictures of a batch)
/// of `channels` x `height` x `width`. A sound is one row: height 1, width samples.
struct tensor_layout {
  index_t items = 1;
  index_t channels = 3;
  index_t height = 1;
  index_t width = 1;
  bool interleaved = false;  // channels innermost, as decoders give bytes; else channel planes

  PREFOPT_HD constexpr index_t pixels() const { return height * width; }
  PREFOPT_HD constexpr index_t elements() const { return items * channels * height * width; }
};

/// One element. `index` counts planes, ((item * channels + channel) * height + y) * width + x, in
/// either layout: what is drawn for an element depends on it alone, so bytes of a decoder and the
/// planes made of them get the same noise.
struct element_place {
  index_t index, item, channel, y, x;
};

/// How a stored element is a number: itself in float, bf16 and fp16 (any type that converts to and
/// from float), bytes as k / 255 and 16-bit samples as k / 32768. Back, bytes and samples are
/// rounded to nearest, ties up, and cut to their range.
template <class Stored>
struct element_codec {
  PREFOPT_HD static float decode(Stored v) { return static_cast<float>(v); }
  PREFOPT_HD static Stored encode(float v) { return static_cast<Stored>(v); }
};

namespace detail {

/// v * scale to the nearest whole number in [low, high]; of NaN, low. fma, so that there is nothing
/// left to contract and host and device round alike.
PREFOPT_HD inline std::int32_t round_scaled(float v, float scale, float low, float high)
{
  using std::floor;
  using std::fma;
  float const rounded = floor(fma(v, scale, 0.5f));
  return static_cast<std::int32_t>(rounded > low ? (rounded < high ? rounded : high) : low);
}

}  // namespace detail

template <>
struct element_codec<std::uint8_t> {
  PREFOPT_HD static float decode(std::uint8_t v)
  {
    return static_cast<float>(static_cast<double>(v) * (1.0 / 255));
  }
  PREFOPT_HD static std::uint8_t encode(float v)
  {
    return static_cast<std::uint8_t>(detail::round_scaled(v, 255, 0, 255));
  }
};

template <>
struct element_codec<std::int16_t> {
  PREFOPT_HD static float decode(std::int16_t v) { return static_cast<float>(v) * 0x1p-15f; }
  PREFOPT_HD static std::int16_t encode(float v)
  {
    return static_cast<std::int16_t>(detail::round_scaled(v, 0x1p15f, -32768, 32767));
  }
};

/// Reads elements of a stored tensor as numbers.
template <class Stored>
struct tensor_reader {
  Stored const* data;
  tensor_layout layout;

  PREFOPT_HD index_t offset(element_place const& at) const
  {
    if (!layout.interleaved) { return at.index; }
    return ((at.item * layout.height + at.y) * layout.width + at.x) * layout.channels + at.channel;
  }
  PREFOPT_HD float operator()(element_place const& at) const
  {
    return element_codec<Stored>::decode(data[offset(at)]);
  }
  /// The element of the same item and channel at (x, y).
  PREFOPT_HD float at(element_place const& from, index_t y, index_t x) const
  {
    index_t const index = from.index + (y - from.y) * layout.width + (x - from.x);
    return (*this)({index, from.item, from.channel, y, x});
  }
};

namespace detail {

inline void require_layout(char const* function, tensor_layout const& layout)
{
  constexpr index_t most = index_t{1} << 40;
  index_t elements = 1;
  for (index_t const extent : {layout.items, layout.channels, layout.height, layout.width}) {
    if (extent <= 0 || extent > most / elements) {
      throw_invalid(function, "layout",
                    "positive extents of at most " + std::to_string(most) + " elements together",
                    std::to_string(layout.items) + " x " + std::to_string(layout.channels) + " x " +
                        std::to_string(layout.height) + " x " + std::to_string(layout.width));
    }
    elements *= extent;
  }
}

}  // namespace detail

}  // namespace prefopt
PREFOPT_INLINED_END
