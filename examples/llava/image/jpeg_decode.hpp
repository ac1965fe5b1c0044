// SPDX-License-Identifier: MIT
#pragma once
/// \file  JPEG through libjpeg-turbo, as Pillow decodes it; through stb_image where that is
/// missing.

#include <string_view>

#include "llava/image/decode.hpp"

namespace llava {

bool is_jpeg(std::string_view bytes);

/// Whether this program was built with libjpeg. stb_image differs from it by 1 to 3 levels.
bool has_libjpeg();

/// Width and height by the header, in an image without pixels. Throws std::runtime_error that names
/// what the bytes are instead of a whole image, and does so before anything is decoded.
byte_image jpeg_header(std::string_view bytes);

/// The pixels as RGB, with libjpeg-turbo those of Pillow's convert("RGB"): exact inverse transform,
/// smooth upsampling, four colours taken for Adobe's inverted CMYK. Throws as above, also for coded
/// data that are damaged or end too early, which libjpeg itself would fill with grey.
byte_image jpeg_pixels(std::string_view bytes);

}  // namespace llava
