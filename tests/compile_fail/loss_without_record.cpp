// SPDX-License-Identifier: MIT
// expected-error "a loss must have terms(), or operator() and"
/// \file  A loss that does not say what it reads.

#include <prefopt/core/loss.hpp>

struct my_loss {
#ifndef PREFOPT_SHOULD_FAIL
  template <class Policy, class Constant = Policy>
  using record = prefopt::pair_logps<Policy, Constant>;
#endif
  template <class Policy, class Constant>
  PREFOPT_HD Policy operator()(prefopt::pair_logps<Policy, Constant> const& x) const
  {
    return x.rejected - x.chosen;
  }
};
static_assert(prefopt::check_loss<my_loss, float>());
