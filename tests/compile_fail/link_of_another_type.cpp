// SPDX-License-Identifier: MIT
// expected-error "a link must return the type of its argument"
/// \file  A link whose parameter is of a higher precision than the term.

#include <prefopt/core/loss.hpp>

struct scaled {
#ifdef PREFOPT_SHOULD_FAIL
  double factor = 0.5;
#else
  float factor = 0.5f;
#endif
  template <class Scalar>
  PREFOPT_HD auto operator()(Scalar const& u) const
  {
    return factor * u;
  }
};
struct my_loss {
  PREFOPT_HD constexpr auto terms() const
  {
    using namespace prefopt;
    return contrast<branch::chosen, branch::rejected, score::log_ratio>("text", scaled{}, 0.1f);
  }
};
static_assert(prefopt::check_loss<my_loss, float>());
