// SPDX-License-Identifier: MIT
/// \file  Linked into a program without device code of its own: ends it with code 4 where there is
/// no device.
#include "cuda/device.hpp"
