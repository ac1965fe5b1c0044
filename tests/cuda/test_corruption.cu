// SPDX-License-Identifier: MIT
/// \file  Corruptions on the device: the bits of the host.

#include "support/catch.hpp"

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

#include <prefopt/cuda/corrupt.cuh>
#include <prefopt/image/blur.hpp>
#include <prefopt/image/mask_out.hpp>
#include <prefopt/image/noise.hpp>
#include <prefopt/image/patch_shuffle.hpp>
#include <prefopt/row/half.hpp>

#include "cuda/device.hpp"

using namespace prefopt;

namespace {

template <class Stored, class Corruption>
void require_host_bits(Corruption const& change, tensor_layout const& layout)
{
  std::vector<Stored> in;
  std::vector<std::uint8_t> mask;
  for (index_t i = 0; i < layout.elements(); ++i) {
    in.push_back(element_codec<Stored>::encode(static_cast<float>(i * 37 % 101) / 101));
  }
  for (index_t i = 0; i < layout.pixels(); ++i) { mask.push_back(i % 3 == 0 ? 1 : 0); }
  std::vector<Stored> expected(in.size());
  corrupt(change, in, mask, std::span(expected), layout);

  test::stream const stream;
  test::device_array<Stored> const device_in(in), device_out(in.size());
  test::device_array<std::uint8_t> const device_mask(mask);
  test::check(
      gpu::corrupt(stream, make_corrupted_element(change, device_in.data(), device_mask.data(),
                                                  device_out.data(), layout)));
  stream.wait();
  std::vector<Stored> const got = device_out.host();
  REQUIRE(std::memcmp(got.data(), expected.data(), got.size() * sizeof(Stored)) == 0);
}

template <class Stored>
void require_host_bits_of_all(tensor_layout const& layout)
{
  diffusion_noise const noise{.level = noise_level_at(sigmoid_noise_schedule{}, 500), .seed = 5};
  require_host_bits<Stored>(noise, layout);
  require_host_bits<Stored>(mask_out{{0.3f, 0.2f, 0.9f}}, layout);
  require_host_bits<Stored>(make_gaussian_blur(1.5), layout);
  require_host_bits<Stored>(make_patch_shuffle(layout, 2, 3, 3), layout);
}

}  // namespace

TEST_CASE("the device corrupts a tensor to the bits of the host", "[cuda]")
{
  tensor_layout const picture{.channels = 3, .height = 15, .width = 17};
  tensor_layout const video{
      .items = 2, .channels = 3, .height = 9, .width = 31, .interleaved = true};
  for (auto const& layout : {picture, video}) {
    require_host_bits_of_all<float>(layout);
    require_host_bits_of_all<bfloat16>(layout);
    require_host_bits_of_all<std::uint8_t>(layout);
  }
}

TEST_CASE("a layout without elements is refused before anything is enqueued", "[cuda]")
{
  test::stream const stream;
  float* const none = nullptr;
  REQUIRE_THROWS_AS(gpu::corrupt(stream, make_corrupted_element(mask_out{}, none, nullptr, none,
                                                                {.channels = 0})),
                    std::invalid_argument);
}
