// SPDX-License-Identifier: MIT
#pragma once
/// \file  How pixels become rows of the vision tower, and its rows features.

#include "llava/checkpoint/config.hpp"
#include "llava/model/device.hpp"

namespace llava {

namespace detail {

/// Index -> one pixel of a patch, in the order of the convolution's weight: channel, y, x.
template <class Real>
struct patch_element {
  index_t image_size;
  index_t patch_size;
  Real const* pixel;
  Real* out;

  PREFOPT_HD void operator()(index_t index) const
  {
    index_t const side = image_size / patch_size;
    index_t const x = index % patch_size;
    index_t const y = index / patch_size % patch_size;
    index_t const channel = index / (patch_size * patch_size) % 3;
    index_t const patch = index / (patch_size * patch_size * 3);
    index_t const column = patch % side;
    index_t const row = patch / side % side;
    index_t const image = patch / (side * side);
    out[index] = pixel[((image * 3 + channel) * image_size + row * patch_size + y) * image_size +
                       column * patch_size + x];
  }
};

/// Adds the class token and the positions to patches that already lie in rows 1, 2, ... of an
/// image.
template <class Real>
struct add_position_element {
  index_t tokens;
  index_t width;
  Real const* class_embedding;
  Real const* position;
  Real* x;

  PREFOPT_HD void operator()(index_t index) const
  {
    index_t const within = index % (tokens * width);
    Real const content = within < width ? class_embedding[within] : x[index];
    x[index] = content + position[within];
  }
};

/// out[i] += sum over images of x[image, i]
template <class Real>
struct add_over_images {
  index_t images;
  index_t pitch;
  Real const* x;
  Real* out;

  PREFOPT_HD void operator()(index_t i) const
  {
    Real sum = 0;
    for (index_t image = 0; image < images; ++image) sum += x[image * pitch + i];
    out[i] += sum;
  }
};

/// From the tower's rows to its features, without the first `skip` rows of each image.
template <class Real>
struct select_row {
  index_t tokens;
  index_t skip;
  index_t width;
  Real const* hidden;
  Real* feature;

  PREFOPT_HD void operator()(index_t r) const
  {
    index_t const image = r / (tokens - skip);
    Real const* const source = hidden + (r + (image + 1) * skip) * width;
    for (index_t i = 0; i < width; ++i) feature[r * width + i] = source[i];
  }
};

/// The gradient's way back; skipped rows get zero.
template <class Real>
struct restore_row {
  index_t tokens;
  index_t skip;
  index_t width;
  Real const* feature;
  Real* hidden;

  PREFOPT_HD void operator()(index_t r) const
  {
    index_t const image = r / tokens;
    bool const skipped = r % tokens < skip;
    index_t const source = r - (image + 1) * skip;
    for (index_t i = 0; i < width; ++i) {
      hidden[r * width + i] = skipped ? Real(0) : feature[source * width + i];
    }
  }
};

/// Elements of a patch, in the order of the convolution's weight.
inline index_t patch_elements(vision_config const& c)
{
  return 3 * c.patch_size * c.patch_size;
}

}  // namespace detail
}  // namespace llava
