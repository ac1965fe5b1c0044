// SPDX-License-Identifier: MIT
// expected-error "a loss must be trivially copyable; hold parameters by value"
/// \file  A loss that owns a table.

#include <vector>

#include <prefopt/core/loss.hpp>

struct my_loss {
  template <class Policy, class Constant = Policy>
  using record = prefopt::pair_logps<Policy, Constant>;
#ifdef PREFOPT_SHOULD_FAIL
  std::vector<float> table;
#else
  float const* table = nullptr;
#endif
  template <class Policy, class Constant>
  PREFOPT_HD Policy operator()(prefopt::pair_logps<Policy, Constant> const& x) const
  {
    return x.rejected - x.chosen;
  }
};
static_assert(prefopt::check_loss<my_loss, float>());
