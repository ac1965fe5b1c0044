// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a run should see before its first update.

#include <type_traits>

#include <prefopt/core/columns.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace detail {

/// Sets every field to one value.
template <class Real>
struct set_field {
  Real value;
  void operator()(column_name, Real& field) const { field = value; }
  void optional(column_name, Real& field) const { field = value; }
};

/// Whether a loss is the same number wherever policy = reference. A loss without terms is trusted
/// if every answer it reads has a reference.
template <class Loss>
constexpr bool known_at_reference()
{
  if constexpr (has_terms<Loss>) {
    return terms_of<Loss>::relative;
  } else {
    constexpr column_set columns = record_of<Loss, float>::columns;
    return columns.reference.size() == columns.policy.size();
  }
}

/// Makes the reference of every field (a number or a column) the policy's, and divergences 0.
template <class Real, column_set Columns>
struct copy_to_reference {
  preference_record<Real, Real, Columns>& x;

  void apply()
  {
    constexpr branch_set has = Columns.reference;
    if constexpr (has.chosen) { x.ref_chosen = x.chosen; }
    if constexpr (has.rejected) { x.ref_rejected = x.rejected; }
    copy_each<has.perturbed>(x.ref_perturbed, x.perturbed);
    copy_each<has.rejected_perturbed>(x.ref_rejected_perturbed, x.rejected_perturbed);
    if constexpr (has.chosen_blind) { x.ref_chosen_blind = x.chosen_blind; }
    if constexpr (has.rejected_blind) { x.ref_rejected_blind = x.rejected_blind; }
    copy_each<has.other_rejected>(x.ref_other_rejected, x.other_rejected);
    if constexpr (has.completion) { x.ref_completion = x.completion; }
    if constexpr (std::is_arithmetic_v<Real>) {
      if constexpr (Columns.divergence.chosen) { x.chosen_kl = Real(0); }
      if constexpr (Columns.divergence.rejected) { x.rejected_kl = Real(0); }
    }
  }

 private:
  template <int Count>
  static void copy_each(auto& to, auto const& from)
  {
    if constexpr (Count > 0) {
      for (int k = 0; k < Count; ++k) { to[k] = from[k]; }
    }
  }
};

}  // namespace detail

/// The example as it is while policy = reference: each log-probability under the reference becomes
/// the policy's, each divergence 0.
template <class Real, column_set Columns>
preference_record<Real, Real, Columns> at_reference(preference_record<Real, Real, Columns> x)
{
  detail::copy_to_reference<Real, Columns>{x}.apply();
  return x;
}

/// The loss of every sample while policy = reference: log 2 for DPO, 3 log 2 for MFPO with eta 0. A
/// first step that reports anything else has mixed up its log-probabilities. Throws
/// `std::invalid_argument` when a parameter of the loss is outside its domain.
template <class Loss>
real_of<Loss> expected_initial_loss(Loss const& loss)
{
  using real = real_of<Loss>;
  using record = record_of<Loss, real>;
  static_assert(detail::known_at_reference<Loss>(),
                "prefopt: this loss has a part without reference (a likelihood, a judge's score, a "
                "length), so its first value depends on the data: pass the batch's columns too");
  detail::check_parameters("expected_initial_loss", loss);
  record x;
  detail::set_field<real> const zero{real(0)}, one{real(1)};
  record::visit_policy(zero, x);
  record::visit_constant(zero, x);
  record::visit_length(one, x);
  return loss_value(loss, x);
}

/// The mean loss of a batch in host memory while policy = reference, for losses that also have a
/// likelihood, a label or a judge's score: MPO starts at .8 log 2 + .2 * 2 log 2 + NLL. Reference
/// columns may be given or not: they are not read. NaN for no samples. Throws
/// `std::invalid_argument` as `evaluate` does.
template <class Loss>
double expected_initial_loss(Loss const& loss, input_columns<Loss> in)
{
  using real = real_of<Loss>;
  using record = record_of<Loss, real>;
  constexpr char const* name = "expected_initial_loss";
  detail::check_parameters(name, loss);
  detail::copy_to_reference<vector_view<real const>, record::columns>{in}.apply();
  index_t const n = detail::batch_extent(name, in);
  detail::check_samples(name, in, vector_view<real const>{});
  double sum = 0;
  for (index_t i = 0; i < n; ++i) {
    sum +=
        static_cast<double>(loss_value(loss, at_reference(detail::load_sample<Loss, real>(in, i))));
  }
  return sum / static_cast<double>(n);
}

}  // namespace prefopt
