// SPDX-License-Identifier: MIT
#pragma once
/// \file  Patch shuffle: the patches of a picture in another order.

#include <cstdint>
#include <string>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/image/corruption.hpp>
#include <prefopt/image/tensor_layout.hpp>

namespace prefopt {

/// Every pixel shows the pixel at the same spot of another patch; a permutation chosen by the seed
/// says which, the same for all channels and items. Strips at the right and bottom too narrow for a
/// patch stay. With a mask, patches in the region show patches from anywhere. Make it with
/// `make_patch_shuffle`.
struct patch_shuffle {
  static constexpr bool reads_neighbours = true;

  index_t patch_width, patch_height;
  index_t columns;  // whole patches side by side
  permutation order;

  template <class Stored>
  PREFOPT_HD float operator()(tensor_reader<Stored> const& in, element_place const& at) const
  {
    index_t const column = at.x / patch_width, row = at.y / patch_height;
    if (column >= columns || row * columns >= order.size()) { return in(at); }
    index_t const from = order(row * columns + column);
    return in.at(at, from / columns * patch_height + at.y % patch_height,
                 from % columns * patch_width + at.x % patch_width);
  }
};
static_assert(corruption<patch_shuffle>);

/// The shuffle of a layout's patches (14 x 14: those of CLIP ViT-L/14; a sound has height 1).
/// Throws std::invalid_argument unless at least one patch fits.
inline patch_shuffle make_patch_shuffle(tensor_layout const& layout, std::uint64_t seed,
                                        index_t patch_width = 14, index_t patch_height = 14)
{
  detail::require_layout("make_patch_shuffle", layout);
  bool const fits = patch_width > 0 && patch_height > 0 && patch_width <= layout.width &&
                    patch_height <= layout.height;
  if (!fits) {
    detail::throw_invalid("make_patch_shuffle", "patch",
                          "positive sides that fit into " + std::to_string(layout.width) + " x " +
                              std::to_string(layout.height),
                          std::to_string(patch_width) + " x " + std::to_string(patch_height));
  }
  index_t const columns = layout.width / patch_width;
  return {patch_width, patch_height, columns,
          permutation(columns * (layout.height / patch_height), seed)};
}

}  // namespace prefopt
