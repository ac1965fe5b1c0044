// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a loss knows about one preference example, as plain aggregates.
///
/// A record is a template over two types: `Policy` for the fields that the loss is differentiated
/// by, `Constant` for the rest (reference, lengths). `record<float, float>` is one example,
/// `record<dual, float>` the same with derivatives, `record<vector_view<...>, vector_view<...>>` a
/// batch of columns, and `record<vector_view<...>, absent>` the gradient of a batch.

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/column_set.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// The type of a field that a record does not have. Setting one is a compile-time error.
struct absent {
  absent() = default;
  template <class Column>
    requires(!std::is_arithmetic_v<std::remove_cvref_t<Column>> &&
             !std::is_same_v<std::remove_cvref_t<Column>, absent>)
  constexpr absent(Column&&)
  {
    static_assert(std::is_same_v<Column, absent>,
                  "prefopt: this loss does not read that column, or gives no gradient for it; "
                  "leave it out");
  }
};

/// One T for each extra modality (image, audio, video ...), or for each further answer.
template <class T, int Modalities>
struct per_modality {
  T item[Modalities]{};

  PREFOPT_HD constexpr T& operator[](int k) { return item[k]; }
  PREFOPT_HD constexpr T const& operator[](int k) const { return item[k]; }
};
template <class T>
struct per_modality<T, 0> {};

/// The name of a field as errors print it: "chosen", or "perturbed[1]" where there are several.
struct column_name {
  char const* text = "";
  int index = 0;
  int count = 1;
};

/// Log-probabilities (or rewards) of one preference example, in nats. It has the fields that
/// `Columns` names; the others are `absent`.
///
/// - `chosen`, `rejected`: of the two answers to the original prompt.
/// - `perturbed[k]`, `rejected_perturbed[k]`: of the same answers when modality k of the prompt is
///   perturbed (MFPO's m').
/// - `chosen_blind`, `rejected_blind`: of the answers when the modality is left out.
/// - `other_rejected[k]`, `gold`: of further answers; `completion`: of an unpaired one.
/// - `chosen_kl`, `rejected_kl`: sums over tokens of KL(reference || policy).
/// - `ref_...`: log-probabilities under the frozen reference.
/// - `..._length`: tokens summed over.
/// - `label`, `judge_gap` ...: see `extra_set`. `target_margin` may be missing and is then 0.
template <class Policy, class Constant, column_set Columns>
struct preference_record {
  static constexpr column_set columns = Columns;
  static constexpr int policy_arity = Columns.policy.size() + Columns.divergence.size();

  template <bool Has>
  using policy_if = std::conditional_t<Has, Policy, absent>;
  template <bool Has>
  using constant_if = std::conditional_t<Has, Constant, absent>;

  policy_if<Columns.policy.chosen> chosen{};
  policy_if<Columns.policy.rejected> rejected{};
  per_modality<Policy, Columns.policy.perturbed> perturbed{};
  per_modality<Policy, Columns.policy.rejected_perturbed> rejected_perturbed{};
  policy_if<Columns.policy.chosen_blind> chosen_blind{};
  policy_if<Columns.policy.rejected_blind> rejected_blind{};
  per_modality<Policy, Columns.policy.other_rejected> other_rejected{};
  policy_if<Columns.policy.gold> gold{};
  policy_if<Columns.policy.completion> completion{};
  policy_if<Columns.divergence.chosen> chosen_kl{};
  policy_if<Columns.divergence.rejected> rejected_kl{};

  constant_if<Columns.reference.chosen> ref_chosen{};
  constant_if<Columns.reference.rejected> ref_rejected{};
  per_modality<Constant, Columns.reference.perturbed> ref_perturbed{};
  per_modality<Constant, Columns.reference.rejected_perturbed> ref_rejected_perturbed{};
  constant_if<Columns.reference.chosen_blind> ref_chosen_blind{};
  constant_if<Columns.reference.rejected_blind> ref_rejected_blind{};
  per_modality<Constant, Columns.reference.other_rejected> ref_other_rejected{};
  constant_if<Columns.reference.completion> ref_completion{};

  constant_if<Columns.length.chosen> chosen_length{};
  constant_if<Columns.length.rejected> rejected_length{};
  constant_if<Columns.length.gold> gold_length{};
  constant_if<Columns.length.completion> completion_length{};

  constant_if<Columns.extra.label> label{};
  constant_if<Columns.extra.judge_gap> judge_gap{};
  constant_if<Columns.extra.judge_score> judge_score{};
  constant_if<Columns.extra.similarity> similarity{};
  constant_if<Columns.extra.adjustment> chosen_adjustment{}, rejected_adjustment{};
  constant_if<Columns.extra.matched_reference> matched_reference{};
  constant_if<Columns.extra.matched_rewards> matched_for_chosen{}, matched_for_rejected{};
  constant_if<Columns.extra.target_margin> target_margin{};

  /// Calls `visit(name, field of each record)` for every differentiated field.
  PREFOPT_HD_CALLS_ARGUMENT
  template <class Visit, class... Records>
  PREFOPT_HD static constexpr void visit_policy(Visit& visit, Records&... records)
  {
    constexpr branch_set has = Columns.policy;
    if constexpr (has.chosen) { visit(column_name{"chosen"}, records.chosen...); }
    if constexpr (has.rejected) { visit(column_name{"rejected"}, records.rejected...); }
    visit_each<has.perturbed>("perturbed", visit, records.perturbed...);
    visit_each<has.rejected_perturbed>("rejected_perturbed", visit, records.rejected_perturbed...);
    if constexpr (has.chosen_blind) { visit(column_name{"chosen_blind"}, records.chosen_blind...); }
    if constexpr (has.rejected_blind) {
      visit(column_name{"rejected_blind"}, records.rejected_blind...);
    }
    visit_each<has.other_rejected>("other_rejected", visit, records.other_rejected...);
    if constexpr (has.gold) { visit(column_name{"gold"}, records.gold...); }
    if constexpr (has.completion) { visit(column_name{"completion"}, records.completion...); }
    if constexpr (Columns.divergence.chosen) {
      visit(column_name{"chosen_kl"}, records.chosen_kl...);
    }
    if constexpr (Columns.divergence.rejected) {
      visit(column_name{"rejected_kl"}, records.rejected_kl...);
    }
  }

  /// Calls `visit(name, field of each record)` for every constant field, and `visit.optional(...)`
  /// for those that may be missing.
  PREFOPT_HD_CALLS_ARGUMENT
  template <class Visit, class... Records>
  PREFOPT_HD static constexpr void visit_constant(Visit& visit, Records&... records)
  {
    visit_reference(visit, records...);
    visit_length(visit, records...);
    visit_extra(visit, records...);
  }

  /// The log-probabilities under the reference, in the order of the policy's.
  PREFOPT_HD_CALLS_ARGUMENT
  template <class Visit, class... Records>
  PREFOPT_HD static constexpr void visit_reference(Visit& visit, Records&... records)
  {
    constexpr branch_set has = Columns.reference;
    if constexpr (has.chosen) { visit(column_name{"ref_chosen"}, records.ref_chosen...); }
    if constexpr (has.rejected) { visit(column_name{"ref_rejected"}, records.ref_rejected...); }
    visit_each<has.perturbed>("ref_perturbed", visit, records.ref_perturbed...);
    visit_each<has.rejected_perturbed>("ref_rejected_perturbed", visit,
                                       records.ref_rejected_perturbed...);
    if constexpr (has.chosen_blind) {
      visit(column_name{"ref_chosen_blind"}, records.ref_chosen_blind...);
    }
    if constexpr (has.rejected_blind) {
      visit(column_name{"ref_rejected_blind"}, records.ref_rejected_blind...);
    }
    visit_each<has.other_rejected>("ref_other_rejected", visit, records.ref_other_rejected...);
    if constexpr (has.completion) {
      visit(column_name{"ref_completion"}, records.ref_completion...);
    }
  }

  /// The lengths in tokens.
  PREFOPT_HD_CALLS_ARGUMENT
  template <class Visit, class... Records>
  PREFOPT_HD static constexpr void visit_length(Visit& visit, Records&... records)
  {
    constexpr branch_set has = Columns.length;
    if constexpr (has.chosen) { visit(column_name{"chosen_length"}, records.chosen_length...); }
    if constexpr (has.rejected) {
      visit(column_name{"rejected_length"}, records.rejected_length...);
    }
    if constexpr (has.gold) { visit(column_name{"gold_length"}, records.gold_length...); }
    if constexpr (has.completion) {
      visit(column_name{"completion_length"}, records.completion_length...);
    }
  }

 private:
  PREFOPT_HD_CALLS_ARGUMENT
  template <class Visit, class... Records>
  PREFOPT_HD static constexpr void visit_extra(Visit& visit, Records&... records)
  {
    constexpr extra_set has = Columns.extra;
    if constexpr (has.label) { visit(column_name{"label"}, records.label...); }
    if constexpr (has.judge_gap) { visit(column_name{"judge_gap"}, records.judge_gap...); }
    if constexpr (has.judge_score) { visit(column_name{"judge_score"}, records.judge_score...); }
    if constexpr (has.similarity) { visit(column_name{"similarity"}, records.similarity...); }
    if constexpr (has.adjustment) {
      visit(column_name{"chosen_adjustment"}, records.chosen_adjustment...);
      visit(column_name{"rejected_adjustment"}, records.rejected_adjustment...);
    }
    if constexpr (has.matched_reference) {
      visit(column_name{"matched_reference"}, records.matched_reference...);
    }
    if constexpr (has.matched_rewards) {
      visit(column_name{"matched_for_chosen"}, records.matched_for_chosen...);
      visit(column_name{"matched_for_rejected"}, records.matched_for_rejected...);
    }
    if constexpr (has.target_margin) {
      visit.optional(column_name{"target_margin"}, records.target_margin...);
    }
  }

  PREFOPT_HD_CALLS_ARGUMENT
  template <int Count, class Visit, class... Fields>
  PREFOPT_HD static constexpr void visit_each(char const* name, Visit& visit, Fields&... fields)
  {
    if constexpr (Count > 0) {
      for (int k = 0; k < Count; ++k) { visit(column_name{name, k, Count}, fields[k]...); }
    }
  }
};

namespace detail {

/// "image", "audio", "video", and "other" for those after them.
template <int Modalities>
PREFOPT_HD constexpr per_modality<char const*, Modalities> default_modality_names()
{
  per_modality<char const*, Modalities> r;
  if constexpr (Modalities > 0) {
    for (int k = 0; k < Modalities; ++k) {
      r[k] = k == 0 ? "image" : k == 1 ? "audio" : k == 2 ? "video" : "other";
    }
  }
  return r;
}

inline constexpr branch_set both_answers{.chosen = true, .rejected = true};

}  // namespace detail

/// A text pair with reference: DPO and its relatives.
template <class Policy, class Constant = Policy>
using pair_logps = preference_record<Policy, Constant,
                                     column_set{.policy = detail::both_answers,
                                                .reference = detail::both_answers}>;

/// A text pair with lengths and without reference: SimPO.
template <class Policy, class Constant = Policy>
using sized_pair =
    preference_record<Policy, Constant,
                      column_set{.policy = detail::both_answers, .length = detail::both_answers}>;

/// A text pair with reference and lengths: length-normalised IPO.
template <class Policy, class Constant = Policy>
using sized_pair_logps = preference_record<Policy, Constant,
                                           column_set{.policy = detail::both_answers,
                                                      .reference = detail::both_answers,
                                                      .length = detail::both_answers}>;

/// A text pair, and the chosen answer under each perturbed modality: MFPO, mDPO.
template <int Modalities>
struct modal_pair {
  static constexpr branch_set branches{.chosen = true, .rejected = true, .perturbed = Modalities};
  template <class Policy, class Constant = Policy>
  using record =
      preference_record<Policy, Constant, column_set{.policy = branches, .reference = branches}>;
};
template <class Policy, class Constant = Policy>
using image_pair_logps = typename modal_pair<1>::template record<Policy, Constant>;

/// Scalar rewards of two answers, with an optional margin per sample: reward models.
template <class Policy, class Constant = Policy>
using reward_pair =
    preference_record<Policy, Constant,
                      column_set{.policy = detail::both_answers, .extra = {.target_margin = true}}>;

/// An answer without a partner, with reference and label: KTO, BCO.
template <class Policy, class Constant = Policy>
using labelled_logps = preference_record<Policy, Constant,
                                         column_set{.policy = {.completion = true},
                                                    .reference = {.completion = true},
                                                    .extra = {.label = true}}>;

}  // namespace prefopt
PREFOPT_INLINED_END
