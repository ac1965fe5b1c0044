// SPDX-License-Identifier: MIT
// expected-error "an f-divergence score only means something as the difference of two branches"
/// \file  An f-divergence's score in a term of one branch.

#include <prefopt/core/loss.hpp>

struct my_loss {
  PREFOPT_HD constexpr auto terms() const
  {
    using namespace prefopt;
#ifdef PREFOPT_SHOULD_FAIL
    using score_type = score::jensen_shannon<>;
#else
    using score_type = score::log_ratio;
#endif
    return anchor<branch::chosen, score_type>("chosen", link::logistic<float>{}, 0.1f);
  }
};
static_assert(prefopt::check_loss<my_loss, float>());
