// SPDX-License-Identifier: MIT
#pragma once
/// \file  Counter-based random numbers: uniform words and normals as pure functions of (seed,
/// index).

#include <cmath>
#include <cstdint>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// Four random words.
struct philox_block {
  std::uint32_t word[4];
};

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a
/// bijection of the 128-bit counter for every 64-bit key. Integers only, so the same on every
/// device.
PREFOPT_HD constexpr philox_block philox4x32(philox_block counter, std::uint32_t key0,
                                             std::uint32_t key1)
{
  for (int round = 0; round < 10; ++round) {
    std::uint64_t const a = std::uint64_t{0xD2511F53u} * counter.word[0];
    std::uint64_t const b = std::uint64_t{0xCD9E8D57u} * counter.word[2];
    counter = {{static_cast<std::uint32_t>(b >> 32) ^ counter.word[1] ^ key0,
                static_cast<std::uint32_t>(b),
                static_cast<std::uint32_t>(a >> 32) ^ counter.word[3] ^ key1,
                static_cast<std::uint32_t>(a)}};
    key0 += 0x9E3779B9u;  // golden ratio
    key1 += 0xBB67AE85u;  // sqrt(3) - 1
  }
  return counter;
}

namespace detail {

// The functions below use fma, single products and sums only, never a product that is added:
// nothing is left for a compiler to contract, so host and device round alike with or without
// hardware fma.

/// ln((2 k + 1) / 2^24) for 0 <= k < 2^23; relative error below 2e-7.
PREFOPT_HD inline float log_of_odd(std::uint32_t k)
{
  using std::fma;
  std::uint32_t mantissa = 2 * k + 1;
  float exponent = 0;
  while (mantissa < (1u << 23)) {
    mantissa <<= 1;
    exponent -= 1;
  }
  float x = static_cast<float>(mantissa) * 0x1p-24f;  // exact, in [1/2, 1)
  if (x < 0.70710678f) {
    x *= 2;
    exponent -= 1;
  }
  float const t = x - 1;
  // ln(1 + t) = t - t^2 / 2 + t^3 q(t); q interpolates at nine Chebyshev nodes of [1/sqrt 2 - 1,
  // sqrt 2 - 1].
  float q = 6.971611471e-02f;
  q = fma(q, t, -1.147973385e-01f);
  q = fma(q, t, 1.168541992e-01f);
  q = fma(q, t, -1.242568733e-01f);
  q = fma(q, t, 1.424905765e-01f);
  q = fma(q, t, -1.666780232e-01f);
  q = fma(q, t, 2.000071575e-01f);
  q = fma(q, t, -2.499999696e-01f);
  q = fma(q, t, 3.333333118e-01f);
  q = fma(q, t, -0.5f);
  float const s = t * t;
  return fma(exponent, 0.69314718f, fma(q, s, t));
}

/// Sine and cosine of a uniform angle: quadrant k >> 21, and within it (r + 1/2) / 2^21 of the
/// quarter turn counted from its middle, so that the series below see at most pi / 4.
struct direction {
  float sine, cosine;
};

PREFOPT_HD inline direction direction_of(std::uint32_t k)
{
  using std::fma;
  std::uint32_t const r = k & ((1u << 21) - 1);
  float const turn =
      static_cast<float>(static_cast<std::int32_t>(2 * r + 1) - (1 << 21)) * 0x1p-22f;
  float const x = turn * 1.57079633f;  // in (-pi / 4, pi / 4)
  float const z = x * x;
  // Taylor series; the first terms left out are below 2e-9.
  float s = fma(z, 2.75573192e-6f, -1.98412698e-4f);
  s = fma(s, z, 8.33333333e-3f);
  s = fma(s, z, -1.66666667e-1f);
  float const cube = x * z;
  float const sine = fma(s, cube, x);
  float c = fma(z, -2.75573192e-7f, 2.48015873e-5f);
  c = fma(c, z, -1.38888889e-3f);
  c = fma(c, z, 4.16666667e-2f);
  c = fma(c, z, -0.5f);
  float const cosine = fma(c, z, 1.0f);
  switch (k >> 21) {
    case 0:
      return {sine, cosine};
    case 1:
      return {cosine, -sine};
    case 2:
      return {-sine, -cosine};
    default:
      return {-cosine, sine};
  }
}

/// Box and Muller's transform of two words: radius and both of its projections.
struct normal_pair {
  float first, second;
};

PREFOPT_HD inline normal_pair normals_of(std::uint32_t radius_word, std::uint32_t angle_word)
{
  using std::sqrt;
  float const radius = sqrt(-2.0f * log_of_odd(radius_word >> 9));
  auto const direction = direction_of(angle_word >> 9);
  return {radius * direction.cosine, radius * direction.sine};
}

PREFOPT_HD constexpr philox_block block_of_stream(std::uint64_t seed, std::uint64_t block)
{
  return philox4x32(
      {{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), 0, 0}},
      static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
}

}  // namespace detail

/// Standard normal number `index` of stream `seed`, by Box and Muller's transform of Philox words.
/// A pure function with the same bits on host and device, in any order and for any number of
/// threads, as long as float arithmetic and sqrt are IEEE (not under -ffast-math or nvcc's
/// --use_fast_math). The tails end at sqrt(48 ln 2) = 5.77 since uniforms have 23 bits; one value
/// in 10^8 would lie beyond.
PREFOPT_HD inline float philox_normal(std::uint64_t seed, index_t index)
{
  auto const place = static_cast<std::uint64_t>(index);
  philox_block const block = detail::block_of_stream(seed, place >> 2);
  std::uint32_t const pair = (static_cast<std::uint32_t>(index) & 2u);
  auto const normals = detail::normals_of(block.word[pair], block.word[pair + 1]);
  return (place & 1u) == 0 ? normals.first : normals.second;
}

/// `philox_normal` for callers who go through one stream in order: four numbers come from one
/// Philox block, and this remembers the last.
struct normal_stream {
  std::uint64_t seed = 0;
  std::uint64_t block = ~std::uint64_t{0};
  float value[4] = {};

  PREFOPT_HD explicit normal_stream(std::uint64_t stream_seed) : seed(stream_seed) {}

  PREFOPT_HD float operator()(index_t index)
  {
    auto const place = static_cast<std::uint64_t>(index);
    if (place >> 2 != block) {
      block = place >> 2;
      philox_block const words = detail::block_of_stream(seed, block);
      for (int k = 0; k < 4; k += 2) {
        auto const pair = detail::normals_of(words.word[k], words.word[k + 1]);
        value[k] = pair.first;
        value[k + 1] = pair.second;
      }
    }
    return value[place & 3u];
  }
};

}  // namespace prefopt
PREFOPT_INLINED_END
