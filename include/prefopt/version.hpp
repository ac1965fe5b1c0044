// SPDX-License-Identifier: MIT
#pragma once
/// \file  Version of the library; CMake reads it from here.

#define PREFOPT_VERSION_MAJOR 0
#define PREFOPT_VERSION_MINOR 1
#define PREFOPT_VERSION_PATCH 0
