// SPDX-License-Identifier: MIT
#pragma once
/// \file  Branches: an answer under a condition, as the columns of a record that belong to it.

#include <prefopt/config.hpp>
#include <prefopt/core/column_set.hpp>
#include <prefopt/core/math.hpp>

/// Branches: which answer, under which condition. `set` names a branch's log-probabilities,
/// `sized_by` the answer whose length it has.
PREFOPT_INLINED_BEGIN
namespace prefopt::branch {

struct chosen {
  static constexpr branch_set set{.chosen = true};
  static constexpr branch_set sized_by = set;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.chosen; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_chosen; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.chosen_length; }
  PREFOPT_HD static auto const& divergence(auto const& x) { return x.chosen_kl; }
};
struct rejected {
  static constexpr branch_set set{.rejected = true};
  static constexpr branch_set sized_by = set;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.rejected; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_rejected; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.rejected_length; }
  PREFOPT_HD static auto const& divergence(auto const& x) { return x.rejected_kl; }
};
/// The chosen answer with modality K perturbed. It is as long as the chosen one.
template <int K>
struct perturbed {
  static constexpr branch_set set{.perturbed = K + 1};
  static constexpr branch_set sized_by = chosen::set;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.perturbed[K]; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_perturbed[K]; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.chosen_length; }
};
/// The rejected answer with modality K perturbed.
template <int K>
struct rejected_perturbed {
  static constexpr branch_set set{.rejected_perturbed = K + 1};
  static constexpr branch_set sized_by = rejected::set;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.rejected_perturbed[K]; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_rejected_perturbed[K]; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.rejected_length; }
};
/// The chosen answer to the prompt without the modality.
struct chosen_blind {
  static constexpr branch_set set{.chosen_blind = true};
  static constexpr branch_set sized_by = chosen::set;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.chosen_blind; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_chosen_blind; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.chosen_length; }
};
/// The rejected answer to the prompt without the modality.
struct rejected_blind {
  static constexpr branch_set set{.rejected_blind = true};
  static constexpr branch_set sized_by = rejected::set;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.rejected_blind; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_rejected_blind; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.rejected_length; }
};
/// The K-th further rejected answer.
template <int K>
struct other_rejected {
  static constexpr branch_set set{.other_rejected = K + 1};
  PREFOPT_HD static auto const& policy(auto const& x) { return x.other_rejected[K]; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_other_rejected[K]; }
};
/// A third answer that is only imitated.
struct gold {
  static constexpr branch_set set{.gold = true};
  static constexpr branch_set sized_by = set;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.gold; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.gold_length; }
};
/// The answer of an unpaired sample.
struct completion {
  static constexpr branch_set set{.completion = true};
  static constexpr branch_set sized_by = set;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.completion; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_completion; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.completion_length; }
};
/// Another branch, with no gradient to its policy (a stop-gradient).
template <class Branch>
struct detached : Branch {
  PREFOPT_HD static auto policy(auto const& x) { return detach(Branch::policy(x)); }
};
/// No branch: turns a contrast into an anchor.
struct none {
  static constexpr branch_set set{};
};

}  // namespace prefopt::branch
PREFOPT_INLINED_END
