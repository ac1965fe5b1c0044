// SPDX-License-Identifier: MIT
#pragma once
/// \file  A structural check of JPEG files, made before the decoder sees them.

#include <string_view>

namespace llava {

/// Why the bytes are no whole, sound JPEG file, or an empty text if they are one.
/// Walks all segments from the start to the end marker. Found are truncation, which the decoder
/// would fill with grey and call a success; Huffman tables that claim more than 256 codes, which
/// stb_image before 2.29 writes past the end of its own tables; and more than 500 scans, each of
/// which may cost the work of the whole picture in a few bytes (libjpeg-turbo's own fuzzers stop
/// there; pictures have about ten).
std::string_view jpeg_fault(std::string_view bytes);

}  // namespace llava
