// SPDX-License-Identifier: MIT
/// \file  Picture files as pictures, masks and label maps, within limits.

#include "llava/image/decode.hpp"
#include "llava/image/label_map.hpp"

#include "fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
  fuzz::memory_file const file(fuzz::text_of(data, size));
  llava::decode_limits const limits{
      .max_file_bytes = 1 << 20, .max_side = 300, .max_pixels = 40000};
  fuzz::refused([&] {
    auto const image = llava::decode_image(file.path(), limits);
    prefopt::check_image(image);
    fuzz::require(image.channels == 3 && image.width <= 300 && image.height <= 300 &&
                  image.width * image.height <= 40000);
    auto const mask = llava::decode_mask(file.path(), image.width, image.height, 128, limits);
    fuzz::require(mask.channels == 1);
    auto const labels = llava::decode_label_map(file.path(), image.width, image.height, limits);
    fuzz::require(labels.size() == mask.pixels.size());
  });
  return 0;
}
