// SPDX-License-Identifier: MIT
// expected-error "host and device tensors cannot be mixed"
/// \file  A device column given to the host loop.

#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>

#ifdef PREFOPT_SHOULD_FAIL
using memory = prefopt::device_memory;
#else
using memory = prefopt::host_memory;
#endif

void call(std::vector<float>& column, prefopt::vector_view<float, memory> other)
{
  prefopt::evaluate(
      prefopt::dpo<float>{},
      {.chosen = column, .rejected = other, .ref_chosen = column, .ref_rejected = column},
      {.value = column});
}
