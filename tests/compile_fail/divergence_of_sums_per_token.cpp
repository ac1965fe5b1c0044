// SPDX-License-Identifier: MIT
// expected-error "this loss compares scores per token"
/// \file  A divergence of summed log-ratios in a loss that is normalised by length.

#include <prefopt/core/self_check.hpp>
#include <prefopt/losses/ipo.hpp>

#ifdef PREFOPT_SHOULD_FAIL
using score_type = prefopt::score::forward_kl<>;
#else
using score_type = prefopt::score::forward_kl<prefopt::score::mean_log_ratio>;
#endif

double first_value()
{
  return prefopt::expected_initial_loss(prefopt::ipo<double, score_type>{});
}
