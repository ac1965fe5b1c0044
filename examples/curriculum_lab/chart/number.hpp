// SPDX-License-Identifier: MIT
#pragma once
/// \file  Numbers as text, the same bytes on every machine and in every locale.

#include <string>

namespace curriculum_lab {

/// With at most `decimals` decimals, halves up, also those that miss the half by a last bit; no
/// zeros at the end, and no "-0".
std::string fixed_number(double x, int decimals);
/// Six digits, as short as they go: 0.25, 1000000, 1e-09.
std::string short_number(double x);
/// As many digits as tell it from its neighbours.
std::string exact_number(double x);
/// For axes and tables: 3000, 25k, 1.5M.
std::string axis_number(double x);

}  // namespace curriculum_lab
