// SPDX-License-Identifier: MIT
#pragma once
/// \file  A structural check of PNG files, made before the decoder sees them.

#include <cstddef>
#include <string_view>

namespace llava {

/// Why the bytes are no whole PNG file, or an empty text if they are one. Walks the chunks up to
/// IEND. Found are truncation and picture data that begin with an empty chunk, which stb_image 2.27
/// copies to a null pointer.
std::string_view png_fault(std::string_view bytes);

/// What a PNG's header says of its pixels, as in the specification; of a file without fault.
constexpr std::size_t png_depth_offset = 24, png_colour_type_offset = 25;
constexpr char png_grey = 0, png_palette = 3;

}  // namespace llava
