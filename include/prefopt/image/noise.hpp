// SPDX-License-Identifier: MIT
#pragma once
/// \file  Image negatives: forward diffusion noise in the masked regions of a picture.

#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/philox.hpp>
#include <prefopt/image/corruption.hpp>
#include <prefopt/image/noise_schedule.hpp>
#include <prefopt/image/tensor_layout.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// Forward diffusion: x' = c + signal (x - c) + noise s eps(seed, index), with eps from
/// `philox_normal`.
///
/// centre c and spread s say what the channels are normalised with. The defaults 0 and 1 noise the
/// numbers as they are: VCD on a normalised tensor, POVID on pixels in [0, 1]. With the mean and
/// standard deviation of CLIP on 8-bit pixels, the result is the noised normalised tensor taken
/// back to pixels, rounded and cut to [0, 255]. From the third on, all channels are taken as the
/// third. eps depends on seed and place alone, not on the level: more steps of one seed are the
/// same picture further on.
struct diffusion_noise {
  static constexpr bool reads_neighbours = false;

  noise_level level;
  std::uint64_t seed = 0;
  float centre[3] = {0, 0, 0};
  float spread[3] = {1, 1, 1};

  template <class Stored>
  PREFOPT_HD float operator()(tensor_reader<Stored> const& in, element_place const& at) const
  {
    return noised(in(at), at.channel, philox_normal(seed, at.index));
  }

  /// The same for loops over rows, which draw four numbers at once.
  PREFOPT_HD normal_stream stream() const { return normal_stream(seed); }
  template <class Stored>
  PREFOPT_HD float operator()(tensor_reader<Stored> const& in, element_place const& at,
                              normal_stream& normal) const
  {
    return noised(in(at), at.channel, normal(at.index));
  }

 private:
  PREFOPT_HD float noised(float x, index_t channel, float normal) const
  {
    using std::fma;
    index_t const c = channel < 2 ? channel : 2;
    float const kept = fma(level.signal, x, (1 - level.signal) * centre[c]);
    return fma(level.noise * spread[c], normal, kept);
  }
};
static_assert(corruption<diffusion_noise>);

/// What was done to an image.
struct noise_report {
  index_t noised_pixels = 0;  // per channel
  bool whole_image = false;   // the mask was empty
};

/// Noises an image of channels x pixels floats inside a mask of `pixels` bytes (non-zero = region).
/// An empty mask (no entry, or none set) means the whole image, and the report says so.
/// The noise of an element depends on seed and element index alone: not on mask, level or threads.
/// Throws std::invalid_argument for sizes that do not agree.
inline noise_report noise_regions(std::span<float const> image, std::span<std::uint8_t const> mask,
                                  std::span<float> out, index_t pixels, noise_level level,
                                  std::uint64_t seed)
{
  auto const elements = static_cast<index_t>(image.size());
  if (pixels <= 0 || elements == 0 || elements % pixels != 0) {
    detail::throw_invalid("noise_regions", "image",
                          "channels x " + std::to_string(pixels) + " elements",
                          std::to_string(elements));
  }
  tensor_layout const layout{.channels = elements / pixels, .width = pixels};
  auto const report =
      corrupt(diffusion_noise{.level = level, .seed = seed}, image, mask, out, layout);
  return {report.corrupted_pixels, report.whole};
}

}  // namespace prefopt
PREFOPT_INLINED_END
