// SPDX-License-Identifier: MIT
// expected-error "make operator() a template over Policy and Constant"
/// \file  A loss that cannot be differentiated: its formula takes plain numbers only.

#include <prefopt/core/loss.hpp>

struct my_loss {
  template <class Policy, class Constant = Policy>
  using record = prefopt::pair_logps<Policy, Constant>;

#ifdef PREFOPT_SHOULD_FAIL
  PREFOPT_HD float operator()(prefopt::pair_logps<float> const& x) const
  {
    return x.rejected - x.chosen;
  }
#else
  template <class Policy, class Constant>
  PREFOPT_HD Policy operator()(prefopt::pair_logps<Policy, Constant> const& x) const
  {
    return x.rejected - x.chosen;
  }
#endif
};
static_assert(prefopt::check_loss<my_loss, float>());
