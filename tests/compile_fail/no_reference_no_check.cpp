// SPDX-License-Identifier: MIT
// expected-error "this loss has no reference to compare with"
/// \file  The check against a reference, of a loss that has none.

#include <prefopt/data/policy_is_reference.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/simpo.hpp>

void check(prefopt::input_columns<prefopt::simpo<float>> const& without,
           prefopt::input_columns<prefopt::dpo<float>> const& with)
{
#ifdef PREFOPT_SHOULD_FAIL
  prefopt::check_policy_is_reference(prefopt::simpo<float>{}, without);
#else
  static_cast<void>(without);
#endif
  prefopt::check_policy_is_reference(prefopt::dpo<float>{}, with);
}
