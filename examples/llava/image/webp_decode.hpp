// SPDX-License-Identifier: MIT
#pragma once
/// \file  WebP through libwebp, where that is installed.

#include <string_view>

#include "llava/image/decode.hpp"

namespace llava {

bool is_webp(std::string_view bytes);

/// Whether this program was built with libwebp.
bool has_webp();

/// Width and height by the header, in an image without pixels. Throws std::runtime_error for a
/// header that is none, for animations, and in a program without libwebp.
byte_image webp_header(std::string_view bytes);

/// The pixels as RGB, alpha dropped. Throws std::runtime_error for a damaged or truncated file.
byte_image webp_pixels(std::string_view bytes);

}  // namespace llava
