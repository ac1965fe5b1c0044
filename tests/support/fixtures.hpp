// SPDX-License-Identifier: MIT
#pragma once
/// \file  Folders of the reference values: an environment variable, else the build's default.

#include <cstdlib>
#include <string>

#ifndef PREFOPT_LLAVA_FIXTURE_DIR_DEFAULT
#define PREFOPT_LLAVA_FIXTURE_DIR_DEFAULT "tests/fixtures/llava"
#endif
#ifndef PREFOPT_IMAGE_FIXTURE_DIR_DEFAULT
#define PREFOPT_IMAGE_FIXTURE_DIR_DEFAULT "tests/fixtures/image"
#endif
#ifndef PREFOPT_KEYWORD_FIXTURE_DIR_DEFAULT
#define PREFOPT_KEYWORD_FIXTURE_DIR_DEFAULT "tests/fixtures/keywords"
#endif
#ifndef PREFOPT_GOLDEN_DIR_DEFAULT
#define PREFOPT_GOLDEN_DIR_DEFAULT "tests/golden"
#endif

inline std::string folder_from(char const* variable, char const* otherwise)
{
  char const* const folder = std::getenv(variable);
  return folder != nullptr ? folder : otherwise;
}

/// Folder of the trainer's fixtures.
inline std::string llava_fixture_dir()
{
  return folder_from("PREFOPT_LLAVA_FIXTURE_DIR", PREFOPT_LLAVA_FIXTURE_DIR_DEFAULT);
}

/// Folder of the images' reference values.
inline std::string image_fixture_dir()
{
  return folder_from("PREFOPT_IMAGE_FIXTURE_DIR", PREFOPT_IMAGE_FIXTURE_DIR_DEFAULT);
}

/// Folder of the keywords' reference values and labelled captions.
inline std::string keyword_fixture_dir()
{
  return folder_from("PREFOPT_KEYWORD_FIXTURE_DIR", PREFOPT_KEYWORD_FIXTURE_DIR_DEFAULT);
}

/// Folder of the losses' golden values.
inline std::string golden_dir()
{
  return folder_from("PREFOPT_GOLDEN_DIR", PREFOPT_GOLDEN_DIR_DEFAULT);
}
