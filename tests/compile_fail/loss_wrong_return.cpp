// SPDX-License-Identifier: MIT
// expected-error "must be const and return exactly Policy"
/// \file  A loss whose parameter is of a higher precision than its columns.

#include <prefopt/core/loss.hpp>

struct my_loss {
  template <class Policy, class Constant = Policy>
  using record = prefopt::pair_logps<Policy, Constant>;
#ifdef PREFOPT_SHOULD_FAIL
  double beta = 0.1;
#else
  float beta = 0.1f;
#endif
  template <class Policy, class Constant>
  PREFOPT_HD auto operator()(prefopt::pair_logps<Policy, Constant> const& x) const
  {
    return beta * (x.chosen - x.rejected);
  }
};
static_assert(prefopt::check_loss<my_loss, float>());
