// SPDX-License-Identifier: MIT
#pragma once
/// \file  PNG through stb_image, and JPEG where libjpeg is missing.

#include <cstdint>
#include <string_view>
#include <vector>

#include "llava/image/decode.hpp"

namespace llava {

bool is_png(std::string_view bytes);

/// Width and height by the header, in an image without pixels. Throws std::runtime_error that names
/// what the bytes are instead of a whole image, and does so before anything is decoded.
byte_image stb_header(std::string_view bytes);

/// The pixels, as 1 channel (luminance) or 3. Throws as above.
byte_image stb_pixels(std::string_view bytes, int channels);

/// The grey levels of 16 bits, one channel in rows; lesser depths are scaled up to 16 bits.
std::vector<std::uint16_t> stb_grey_levels(std::string_view bytes);

}  // namespace llava
