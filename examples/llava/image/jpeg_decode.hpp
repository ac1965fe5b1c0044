// SPDX-License-Identifier: MIT
#pragma once
/// \file  JPEG through libjpeg-turbo, as Pillow decodes it; through stb_image where that is
/// missing.

#include <string_view>

#include "llava/image/decode.hpp"

namespace llava {

bool is_jpeg(std::string_view bytes);

/// Whether this program was built with libjpeg-turbo. stb_image differs from it by 1 to 3 levels.
bool has_libjpeg();

/// What libjpeg may hold of a progressive JPEG, or of another one of several scans, besides the
/// pixels: two bytes for each sample of each component, so 44 million pixels without subsampling
/// and 89 million with 4:2:0. A file of 500 bytes may ask for that.
inline constexpr index_t most_jpeg_coefficient_bytes = index_t{256} << 20;

/// Width and height by the header, in an image without pixels. Throws std::runtime_error that names
/// what the bytes are instead of a whole image, or how many coefficients they would hold, and does
/// so before anything is decoded.
byte_image jpeg_header(std::string_view bytes);

/// The pixels as RGB, with libjpeg-turbo those of Pillow's convert("RGB"): exact inverse transform,
/// smooth upsampling, four colours taken for Adobe's inverted CMYK. Throws as above, with
/// libjpeg-turbo also for coded data that are damaged or end too early and for missing scans, which
/// libjpeg itself would fill with grey or leave blurred.
byte_image jpeg_pixels(std::string_view bytes);

}  // namespace llava
