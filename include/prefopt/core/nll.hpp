// SPDX-License-Identifier: MIT
#pragma once
/// \file  The likelihood term that losses add to a preference, with its reduction by name.

#include <prefopt/config.hpp>
#include <prefopt/core/branch.hpp>
#include <prefopt/core/column_set.hpp>
#include <prefopt/core/link.hpp>
#include <prefopt/core/score.hpp>
#include <prefopt/core/term.hpp>

/// Reductions of a negative log-likelihood: what one sample contributes, so that the mean over the
/// samples of a batch is the quantity named.
namespace prefopt::reduction {

/// The mean over the answer's tokens; each sequence counts the same. Reads the answer's length.
using per_sequence = score::mean_log_prob;

/// The sum over the answer's tokens: long answers count more.
using summed = score::log_prob;

/// The mean over the tokens of the batch; each token counts the same. `sequences_per_token` = N / T
/// is the number of sequences over that of their tokens, in the whole batch over all devices and
/// micro-batches; it must be set.
template <class Real>
struct per_token {
  static constexpr bool relative = false;
  template <class Branch>
  static constexpr column_set columns{.policy = Branch::set};

  Real sequences_per_token = Real(0);

  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    return Branch::policy(x) * sequences_per_token;
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.positive("sequences_per_token", sequences_per_token);
  }
};

}  // namespace prefopt::reduction

namespace prefopt {

/// `-coefficient * log pi(y)` of a branch, reduced as `reduction::...` says:
/// `nll<branch::chosen, reduction::per_sequence>("nll", alpha)`. Which tokens count (the answer, or
/// the prompt too) is the caller's: it is what the branch's column was summed over. A loss whose
/// likelihood spans other tokens than its preference takes it from another branch, `branch::gold`.
template <class Branch, class Reduction, class Real>
PREFOPT_HD constexpr auto nll(char const* name, Real coefficient, Reduction reduction = {})
{
  return contrast<Branch, branch::none, Reduction>(name, link::negative{}, Real(1), Real(0),
                                                   coefficient, reduction);
}

}  // namespace prefopt
