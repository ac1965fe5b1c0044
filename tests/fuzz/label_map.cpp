// SPDX-License-Identifier: MIT
/// \file  Label maps: the masks of the labels share the pixels that are not background.

#include <span>

#include <prefopt/image/mask.hpp>
#include <prefopt/image/preprocess.hpp>

#include "fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
  fuzz::numbers in{fuzz::text_of(data, size)};
  auto const width = static_cast<prefopt::index_t>(in.next());
  auto const height = static_cast<prefopt::index_t>(in.next());
  auto const side = static_cast<prefopt::index_t>(in.next() % 64);
  auto const mode =
      in.next() % 2 == 0 ? prefopt::square_mode::pad : prefopt::square_mode::centre_crop;
  std::span<std::uint8_t const> const map(data + (size - in.bytes.size()), in.bytes.size());
  fuzz::refused([&] {
    prefopt::index_t labelled = 0;
    for (auto const pixel : map) { labelled += pixel != 0 ? 1 : 0; }
    for (auto const label : prefopt::labels_of(map)) {
      auto const mask = prefopt::mask_of_label(map, width, height, label);
      auto const area = prefopt::mask_area(mask);
      fuzz::require(area > 0);
      labelled -= area;
      auto const seen = prefopt::preprocess_mask(mask, {.size = side, .mode = mode});
      fuzz::require(seen.width == side && seen.height == side);
      bool const padded = mode == prefopt::square_mode::pad;
      fuzz::require(!padded || prefopt::mask_area(seen) > 0);  // nothing vanishes
    }
    fuzz::require(labelled == 0);
  });
  return 0;
}
