// SPDX-License-Identifier: MIT
/// \file  A sample of each family of losses against 400-digit values, on the device.

#define PREFOPT_GOLDEN_ON_DEVICE
#include "unit/golden_coupled.cpp"
#include "unit/golden_multimodal.cpp"
#include "unit/golden_paired.cpp"
#include "unit/golden_reference_free.cpp"
#include "unit/test_golden.cpp"
