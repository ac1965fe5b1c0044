// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a run should see before its first update.

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace detail {

/// Sets every field to 0, and lengths to 1, where policy and reference cancel.
template <class Real>
struct policy_is_reference {
  void operator()(char const*, Real& field) const { field = Real(0); }
  void optional(char const*, Real& field) const { field = Real(0); }
};

}  // namespace detail

/// The loss of every sample while policy = reference: log 2 for DPO, 3 log 2 for MFPO with eta 0. A
/// first step that reports anything else has mixed up its log-probabilities.
template <class Loss>
real_of<Loss> expected_initial_loss(Loss const& loss)
{
  using real = real_of<Loss>;
  using record = record_of<Loss, real>;
  static_assert(
      requires(record x) { x.ref_chosen + real(0); },
      "prefopt: this loss has no reference, so its first value depends on the data");
  record x;
  detail::policy_is_reference<real> const zero;
  record::visit_policy(zero, x);
  record::visit_constant(zero, x);
  if constexpr (requires { x.chosen_length = real(1); }) {
    x.chosen_length = x.rejected_length = real(1);
  }
  return loss_value(loss, x);
}

}  // namespace prefopt
