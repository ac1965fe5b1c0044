// SPDX-License-Identifier: MIT
#pragma once
/// \file  The one place that includes Catch2, so that version 2 (Debian) and version 3 both work.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
