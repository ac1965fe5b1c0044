// SPDX-License-Identifier: MIT
#pragma once
/// \file  PNG files in memory, and bytes as text for a web page.

#include <string>
#include <string_view>

#include <prefopt/image/image.hpp>

namespace preference_images {

/// The bytes of a PNG file of an image of 1 or 3 channels. The same image gives the same bytes.
std::string png_file(prefopt::byte_image const& image);

/// A mask (not 0 = inside) as a grey PNG file, 255 inside and 0 outside.
std::string mask_png_file(prefopt::byte_image const& mask);

/// Base 64 (RFC 4648, with padding).
std::string base64(std::string_view bytes);

}  // namespace preference_images
