// SPDX-License-Identifier: MIT
#pragma once
/// \file  Mask-out: a region covered with one colour.

#include <prefopt/config.hpp>
#include <prefopt/image/corruption.hpp>
#include <prefopt/image/tensor_layout.hpp>

namespace prefopt {

/// x' = the colour of the channel, in the units of `element_codec`: on a normalised tensor 0 is the
/// mean colour (silence, in a sound), on bytes 1 is white. From the third on, all channels are
/// taken as the third.
struct mask_out {
  static constexpr bool reads_neighbours = false;

  float colour[3] = {0, 0, 0};

  template <class Stored>
  PREFOPT_HD float operator()(tensor_reader<Stored> const&, element_place const& at) const
  {
    return colour[at.channel < 2 ? at.channel : 2];
  }
};
static_assert(corruption<mask_out>);

}  // namespace prefopt
