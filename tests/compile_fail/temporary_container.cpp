// SPDX-License-Identifier: MIT
// expected-error "a view of a temporary container would dangle"
/// \file  A container that is gone before it is read.

#include <vector>

#include <prefopt/core/view.hpp>

float first(std::vector<float> const& v)
{
#ifdef PREFOPT_SHOULD_FAIL
  auto const view = prefopt::as_vector(std::vector<float>(v));
#else
  auto const view = prefopt::as_vector(v);
#endif
  return view[0];
}
