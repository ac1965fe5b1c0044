// SPDX-License-Identifier: MIT
#pragma once
/// \file  SimPER (Xiao et al. 2025, arXiv 2502.00883).

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace score {

/// pi(y)^(1/|y|): the inverse perplexity.
struct mean_prob {
  static constexpr bool relative = false;
  template <class Branch>
  static constexpr column_set columns = mean_log_prob::columns<Branch>;
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    using std::exp;
    return exp(mean_log_prob{}.template of<Branch>(x));
  }
  template <class Positive, class Negative>
  PREFOPT_HD auto difference(auto const& x) const
  {
    mean_log_prob const a{};
    return detail::exp_difference(a.template of<Positive>(x), a.template of<Negative>(x));
  }
};

}  // namespace score

/// The inverse perplexity of the rejected answer less that of the chosen one: no parameters, no
/// reference.
///
/// \f[ L = \pi(y_l)^{1/|y_l|} - \pi(y_w)^{1/|y_w|} \f]
/// Between -1 and 1. The difference keeps its digits where both are close. The gradient vanishes
/// with the probabilities: a pair far below both hardly moves.
template <class Real>
struct simper {
  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::mean_prob>("text", link::negative{},
                                                                        Real(1));
  }
};
static_assert(check_loss<simper<float>, float>());

}  // namespace prefopt
