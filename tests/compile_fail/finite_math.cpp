// SPDX-License-Identifier: MIT
// expected-error "compile without -ffast-math"
/// \file  Flags under which infinities and NaN do not work.

#ifdef PREFOPT_SHOULD_FAIL
#undef __FINITE_MATH_ONLY__  // what the flags do; a test may not add flags to the failing build
                             // only
#define __FINITE_MATH_ONLY__ 1
#endif
#include <prefopt/config.hpp>
