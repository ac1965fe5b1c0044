// SPDX-License-Identifier: MIT
/// \file  How the library was built (PREFOPT_FLAGS), and the rooflines, behind C functions.

#include "../../rooflines.hpp"
#include "ours.hpp"

void prefopt_roofline_read(void const* from, std::int64_t bytes, std::int32_t threads)
{
  roofline::read(from, static_cast<std::size_t>(bytes), threads);
}
void prefopt_roofline_copy(void const* from, void* to, std::int64_t bytes, std::int32_t threads)
{
  roofline::copy(from, to, static_cast<std::size_t>(bytes), threads);
}

char const* prefopt_build()
{
#if defined(NDEBUG) && defined(__OPTIMIZE__)
#ifdef __clang__
  return "clang " __clang_version__ " " PREFOPT_FLAGS;
#else
  return "g++ " __VERSION__ " " PREFOPT_FLAGS;
#endif
#else
  return nullptr;
#endif
}
