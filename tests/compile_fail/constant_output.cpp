// SPDX-License-Identifier: MIT
// expected-error "it is const where the call writes"
/// \file  A result that cannot be written.

#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>

#ifdef PREFOPT_SHOULD_FAIL
using output = std::vector<float> const;
#else
using output = std::vector<float>;
#endif

void call(std::vector<float>& column, output& value)
{
  prefopt::evaluate(
      prefopt::dpo<float>{},
      {.chosen = column, .rejected = column, .ref_chosen = column, .ref_rejected = column},
      {.value = value});
}
