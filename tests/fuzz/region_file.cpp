// SPDX-License-Identifier: MIT
/// \file  The JSON of SAM, LISA, Grounding DINO and COCO: lines of regions, and the masks of them.

#include "preference_images/region_file.hpp"

#include "fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
  fuzz::memory_file const file(fuzz::text_of(data, size));
  fuzz::refused([&] {
    preference_images::region_file const regions(file.path());
    for (char const* const image : {"a.jpg", "b", ""}) {
      fuzz::refused([&] {
        for (auto const& shape : regions.of(image)) {
          fuzz::refused([&] {
            auto const mask = regions.mask(shape, 40, 30);
            fuzz::require(mask.width == 40 && mask.height == 30);
          });
        }
      });
    }
  });
  return 0;
}
