// SPDX-License-Identifier: MIT
// expected-error "or gives no gradient for it"
/// \file  A gradient for the reference, which is a constant.

#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>

void call(std::vector<float>& column)
{
  prefopt::evaluate(
      prefopt::dpo<float>{},
      {.chosen = column, .rejected = column, .ref_chosen = column, .ref_rejected = column},
      {.gradient = {.chosen = column,
#ifdef PREFOPT_SHOULD_FAIL
                    .rejected = column,
                    .ref_chosen = column}});
#else
                    .rejected = column}});
#endif
}
