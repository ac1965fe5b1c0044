// SPDX-License-Identifier: MIT
#pragma once
/// \file  Label maps: pictures whose pixels are numbers of things.

#include <cstdint>
#include <filesystem>
#include <vector>

#include "llava/image/decode.hpp"

namespace llava {

/// The label of each pixel, in rows, of a PNG: the grey level as it is stored (1 to 16 bits), the
/// index of a palette's colour (1 to 8 bits; Pascal VOC, ADE20K), or R + 256 G + 65536 B (COCO's
/// panoptic maps; of a PNG with alpha that is what remains without it). Throws std::runtime_error
/// that names the file: as decode_image(), for JPEG and WebP, whose pixels may have been changed,
/// and unless the map has the size of its image.
std::vector<std::uint32_t> decode_label_map(std::filesystem::path const& path, index_t image_width,
                                            index_t image_height, decode_limits const& limits = {});

}  // namespace llava
