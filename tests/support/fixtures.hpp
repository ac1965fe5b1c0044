// SPDX-License-Identifier: MIT
#pragma once
/// \file  Folders of the reference values: an environment variable, else the build's default.

#include <cstdlib>
#include <string>

/// Folder of the trainer's fixtures: $PREFOPT_LLAVA_FIXTURE_DIR, else the path compiled in.
inline std::string llava_fixture_dir()
{
  if (char const* dir = std::getenv("PREFOPT_LLAVA_FIXTURE_DIR")) { return dir; }
#ifdef PREFOPT_LLAVA_FIXTURE_DIR_DEFAULT
  return PREFOPT_LLAVA_FIXTURE_DIR_DEFAULT;
#else
  return "tests/fixtures/llava";
#endif
}

/// Folder of the losses' golden values: $PREFOPT_GOLDEN_DIR, else the path compiled in.
inline std::string golden_dir()
{
  if (char const* dir = std::getenv("PREFOPT_GOLDEN_DIR")) { return dir; }
#ifdef PREFOPT_GOLDEN_DIR_DEFAULT
  return PREFOPT_GOLDEN_DIR_DEFAULT;
#else
  return "tests/golden";
#endif
}
