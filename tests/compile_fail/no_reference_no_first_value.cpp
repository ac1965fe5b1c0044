// SPDX-License-Identifier: MIT
// expected-error "so its first value depends"
/// \file  The first value of a loss that has no reference.

#include <prefopt/core/self_check.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/simpo.hpp>

float first_value()
{
#ifdef PREFOPT_SHOULD_FAIL
  return prefopt::expected_initial_loss(prefopt::simpo<float>{});
#else
  return prefopt::expected_initial_loss(prefopt::dpo<float>{});
#endif
}
