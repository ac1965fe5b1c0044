// SPDX-License-Identifier: MIT
// expected-error "another element type than the call computes in"
/// \file  Float columns for a loss in double.

#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>

#ifdef PREFOPT_SHOULD_FAIL
using loss = prefopt::dpo<double>;
#else
using loss = prefopt::dpo<float>;
#endif

void call(std::vector<float>& column)
{
  prefopt::evaluate(
      loss{}, {.chosen = column, .rejected = column, .ref_chosen = column, .ref_rejected = column},
      {.value = column});
}
