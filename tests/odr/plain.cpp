// SPDX-License-Identifier: MIT
/// \file  Compiled without OpenMP, for any machine.

#include "loops.hpp"

self_description describe_plain()
{
  return describe();
}
