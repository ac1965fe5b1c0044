// SPDX-License-Identifier: MIT
// expected-error "terms of different precision do not add"
/// \file  A sum of a loss in float and one in double.

#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>

#ifdef PREFOPT_SHOULD_FAIL
using other = prefopt::mfpo<double>;
#else
using other = prefopt::mfpo<float>;
#endif
inline auto const sum = prefopt::dpo<float>{} + other{};
