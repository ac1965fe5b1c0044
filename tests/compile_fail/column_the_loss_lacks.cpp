// SPDX-License-Identifier: MIT
// expected-error "this loss does not read that column"
/// \file  A reference column for a loss without reference.

#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/simpo.hpp>

void call(std::vector<float>& column)
{
  prefopt::evaluate(prefopt::simpo<float>{},
                    {.chosen = column,
                     .rejected = column,
#ifdef PREFOPT_SHOULD_FAIL
                     .ref_chosen = column,
#endif
                     .chosen_length = column,
                     .rejected_length = column},
                    {.value = column});
}
