// SPDX-License-Identifier: MIT
#pragma once
/// \file  Writing small pictures for tests of readers.

#include <cstdint>
#include <filesystem>
#include <vector>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#if __has_include(<stb/stb_image_write.h>)
#include <stb/stb_image_write.h>
#else
#include <stb_image_write.h>
#endif

inline std::filesystem::path put_png(std::filesystem::path const& path, int width, int height,
                                     int channels, std::vector<std::uint8_t> const& pixels)
{
  stbi_write_png(path.c_str(), width, height, channels, pixels.data(), width * channels);
  return path;
}
