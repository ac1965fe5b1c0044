// SPDX-License-Identifier: MIT
// expected-error "write select(condition, a, b) instead of"
// skipped-by "nvcc"
/// \file  A loss that says it is branch-free and branches.

#include <vector>

#include <prefopt/core/evaluate.hpp>

struct my_loss {
  template <class Policy, class Constant = Policy>
  using record = prefopt::pair_logps<Policy, Constant>;
  static constexpr bool branch_free = true;

  template <class Policy, class Constant>
  Policy operator()(prefopt::pair_logps<Policy, Constant> const& x) const
  {
    using prefopt::max;
    Policy const gap = x.rejected - x.chosen;
#ifdef PREFOPT_SHOULD_FAIL
    if (gap > Policy(0)) { return gap; }
    return Policy(0);
#else
    return max(gap, Policy(0));
#endif
  }
};

void call(std::vector<float>& column)
{
  prefopt::evaluate(
      my_loss{},
      {.chosen = column, .rejected = column, .ref_chosen = column, .ref_rejected = column},
      {.value = column});
}
