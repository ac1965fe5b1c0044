// SPDX-License-Identifier: MIT
/// \file  Compiled with OpenMP and more vector instructions.

#include "loops.hpp"

self_description describe_with_flags()
{
  return describe();
}
