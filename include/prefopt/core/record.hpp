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

/// One T for each extra modality (image, audio, video ...).
template <class T, int Modalities>
struct per_modality {
  T item[Modalities]{};

  PREFOPT_HD constexpr T& operator[](int k) { return item[k]; }
  PREFOPT_HD constexpr T const& operator[](int k) const { return item[k]; }
};
template <class T>
struct per_modality<T, 0> {};

namespace detail {

/// A column of modality k as errors name it: with an index only where there are several.
PREFOPT_HD constexpr char const* perturbed_name(int k, int modalities)
{
  if (modalities == 1) { return "perturbed"; }
  switch (k) {
    case 0:
      return "perturbed[0]";
    case 1:
      return "perturbed[1]";
    case 2:
      return "perturbed[2]";
    case 3:
      return "perturbed[3]";
    default:
      return "perturbed[4 or more]";
  }
}
PREFOPT_HD constexpr char const* ref_perturbed_name(int k, int modalities)
{
  if (modalities == 1) { return "ref_perturbed"; }
  switch (k) {
    case 0:
      return "ref_perturbed[0]";
    case 1:
      return "ref_perturbed[1]";
    case 2:
      return "ref_perturbed[2]";
    case 3:
      return "ref_perturbed[3]";
    default:
      return "ref_perturbed[4 or more]";
  }
}

}  // namespace detail

/// Log-probabilities (or rewards) of one preference pair, in nats.
///
/// - `chosen`, `rejected`: of the two answers to the original prompt.
/// - `perturbed[k]`: of the chosen answer when modality k of the prompt is perturbed (MFPO's m').
/// - `ref_...`: the same under the frozen reference, if `HasReference`.
/// - `chosen_length`, `rejected_length`: tokens summed over, if `HasLength`.
/// - `target_margin`: by how much the chosen one should win, optional (0) if `HasMargin`.
template <class Policy, class Constant, int Modalities, bool HasReference, bool HasLength,
          bool HasMargin = false>
struct preference_record {
  static constexpr int policy_arity = 2 + Modalities;

  using reference = std::conditional_t<HasReference, Constant, absent>;
  using length = std::conditional_t<HasLength, Constant, absent>;
  using target = std::conditional_t<HasMargin, Constant, absent>;

  Policy chosen{}, rejected{};
  per_modality<Policy, Modalities> perturbed{};
  reference ref_chosen{}, ref_rejected{};
  per_modality<reference, Modalities> ref_perturbed{};
  length chosen_length{}, rejected_length{};
  target target_margin{};

  /// Calls `visit(name, field of each record)` for every differentiated field.
  PREFOPT_HD_CALLS_ARGUMENT
  template <class Visit, class... Records>
  PREFOPT_HD static constexpr void visit_policy(Visit& visit, Records&... records)
  {
    visit("chosen", records.chosen...);
    visit("rejected", records.rejected...);
    if constexpr (Modalities > 0) {
      for (int k = 0; k < Modalities; ++k) {
        visit(detail::perturbed_name(k, Modalities), records.perturbed[k]...);
      }
    }
  }

  /// Calls `visit(name, field of each record)` for every constant field, and `visit.optional(...)`
  /// for those that may be missing.
  PREFOPT_HD_CALLS_ARGUMENT
  template <class Visit, class... Records>
  PREFOPT_HD static constexpr void visit_constant(Visit& visit, Records&... records)
  {
    if constexpr (HasReference) {
      visit("ref_chosen", records.ref_chosen...);
      visit("ref_rejected", records.ref_rejected...);
      if constexpr (Modalities > 0) {
        for (int k = 0; k < Modalities; ++k) {
          visit(detail::ref_perturbed_name(k, Modalities), records.ref_perturbed[k]...);
        }
      }
    }
    if constexpr (HasLength) {
      visit("chosen_length", records.chosen_length...);
      visit("rejected_length", records.rejected_length...);
    }
    if constexpr (HasMargin) { visit.optional("target_margin", records.target_margin...); }
  }
};

/// A text pair with reference: DPO and its relatives.
template <class Policy, class Constant = Policy>
using pair_logps = preference_record<Policy, Constant, 0, true, false>;

/// A text pair with lengths and without reference: SimPO.
template <class Policy, class Constant = Policy>
using sized_pair = preference_record<Policy, Constant, 0, false, true>;

/// A text pair with reference and lengths: length-normalised IPO.
template <class Policy, class Constant = Policy>
using sized_pair_logps = preference_record<Policy, Constant, 0, true, true>;

/// A text pair, and the chosen answer under each perturbed modality: MFPO, mDPO.
template <int Modalities>
struct modal_pair {
  template <class Policy, class Constant = Policy>
  using record = preference_record<Policy, Constant, Modalities, true, false>;
};
template <class Policy, class Constant = Policy>
using image_pair_logps = preference_record<Policy, Constant, 1, true, false>;

/// Scalar rewards of two answers, with an optional margin per sample: reward models.
template <class Policy, class Constant = Policy>
using reward_pair = preference_record<Policy, Constant, 0, false, false, true>;

}  // namespace prefopt
