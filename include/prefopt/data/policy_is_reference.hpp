// SPDX-License-Identifier: MIT
#pragma once
/// \file  The check before the first update: policy and reference are still one model, so every
/// log-ratio is 0.

#include <cmath>
#include <string>

#include <prefopt/core/columns.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/self_check.hpp>
#include <prefopt/data/scoring_path.hpp>

namespace prefopt {
namespace detail {

/// Compares a column of the policy with one of the reference, which names it "ref_...".
template <class Real>
struct compare_with_reference {
  char const* function;
  Real tolerance;

  void operator()(column_name name, vector_view<Real const> const& policy,
                  vector_view<Real const> const& reference) const
  {
    bool scored = policy.extent == 0;
    for (index_t i = 0; i < policy.extent; ++i) {
      scored = scored || policy[i] != Real(0);
      within(name, i, policy[i], reference[i]);
    }
    if (!scored) {
      throw_invalid(function, "the policy of '" + text_of(name) + "'", "log-probabilities",
                    "0 for every sample: nothing was scored");
    }
  }

  /// A divergence from the reference, which is 0.
  void vanishes(char const* name, vector_view<Real const> const& divergence) const
  {
    for (index_t i = 0; i < divergence.extent; ++i) {
      within(column_name{name}, i, divergence[i], Real(0));
    }
  }

 private:
  void within(column_name name, index_t i, Real got, Real expected) const
  {
    if (std::abs(got - expected) <= tolerance) { return; }
    throw_invalid(function, "column '" + text_of(name) + "', sample " + std::to_string(i),
                  exact_text(static_cast<double>(got)) + " as for the policy, within " +
                      exact_text(static_cast<double>(tolerance)),
                  exact_text(static_cast<double>(expected)));
  }
};

}  // namespace detail

/// Throws `std::invalid_argument`, naming column and sample, unless every column of the reference
/// is within `tolerance` nats of the policy's, and every divergence of 0: before the first update
/// both are one model, and D, the difference of their log-ratios, is 0. It is not where the two
/// were scored differently (other code, precision, dropout, temperature, a new random image crop)
/// or where kept log-probabilities belong to other rows. Columns of zeros, of which D is 0 too, are
/// refused. NaN and infinities never pass. Tolerance 0 asks for the same bits, which one code path
/// gives. Host memory.
///
///     check_policy_is_reference(loss, {.chosen = a, .rejected = b, .ref_chosen = c, ...}, 1e-3f);
template <class Real = void, class Loss>
void check_policy_is_reference(Loss const&,
                               input_columns<Loss, detail::precision<Real, Loss>> const& in,
                               detail::precision<Real, Loss> tolerance = 0)
{
  using real = detail::precision<Real, Loss>;
  using record = input_columns<Loss, real>;
  char const* const function = "check_policy_is_reference";
  static_assert(record::columns.reference.size() > 0,
                "prefopt: this loss has no reference to compare with");
  detail::batch_extent(function, in);
  if (!(tolerance >= real(0))) {
    detail::throw_invalid(function, "tolerance", "0 or more nats",
                          detail::exact_text(static_cast<double>(tolerance)));
  }
  record policy = in;
  detail::copy_to_reference<vector_view<real const>, record::columns>{policy}.apply();
  detail::compare_with_reference<real> const compare{function, tolerance};
  record::visit_reference(compare, policy, in);
  if constexpr (record::columns.divergence.chosen) { compare.vanishes("chosen_kl", in.chosen_kl); }
  if constexpr (record::columns.divergence.rejected) {
    compare.vanishes("rejected_kl", in.rejected_kl);
  }
}

}  // namespace prefopt
