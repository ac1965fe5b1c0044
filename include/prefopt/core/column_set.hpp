// SPDX-License-Identifier: MIT
#pragma once
/// \file  Which columns a loss reads, as a value that terms add up at compile time.

#include <prefopt/config.hpp>

namespace prefopt {

/// A set of branches: which answers, each under which condition. `|` is the union.
struct branch_set {
  bool chosen = false;
  bool rejected = false;
  int perturbed = 0;            ///< modalities k with the chosen answer given k perturbed
  int rejected_perturbed = 0;   ///< the same of the rejected answer
  bool chosen_blind = false;    ///< the chosen answer without the modality (no image)
  bool rejected_blind = false;  ///< the rejected answer without it
  int other_rejected = 0;       ///< further rejected answers
  bool gold = false;            ///< a third, best answer
  bool completion = false;      ///< the answer of an unpaired sample

  friend constexpr branch_set operator|(branch_set const& a, branch_set const& b)
  {
    auto const larger = [](int m, int n) { return m > n ? m : n; };
    return {a.chosen || b.chosen,
            a.rejected || b.rejected,
            larger(a.perturbed, b.perturbed),
            larger(a.rejected_perturbed, b.rejected_perturbed),
            a.chosen_blind || b.chosen_blind,
            a.rejected_blind || b.rejected_blind,
            larger(a.other_rejected, b.other_rejected),
            a.gold || b.gold,
            a.completion || b.completion};
  }
  /// Policy columns of the set.
  constexpr int size() const
  {
    return chosen + rejected + perturbed + rejected_perturbed + chosen_blind + rejected_blind +
           other_rejected + gold + completion;
  }
};

/// What a loss knows about each sample besides log-probabilities.
struct extra_set {
  bool label = false;              ///< unpaired: 1 desirable, 0 undesirable, nothing else
  bool judge_gap = false;          ///< an outside judge's score of chosen minus rejected
  bool judge_score = false;        ///< an outside judge's score of the completion
  bool similarity = false;         ///< of the two answers or images, 0 to 1
  bool adjustment = false;         ///< WPO's mean adjustment of chosen and rejected
  bool matched_reference = false;  ///< AOT: the reference margin of the same rank
  bool matched_rewards = false;    ///< unpaired AOT: the log-ratio of the same rank, each way
  bool target_margin = false;      ///< optional: by how much the chosen one should win

  friend constexpr extra_set operator|(extra_set const& a, extra_set const& b)
  {
    return {a.label || b.label,
            a.judge_gap || b.judge_gap,
            a.judge_score || b.judge_score,
            a.similarity || b.similarity,
            a.adjustment || b.adjustment,
            a.matched_reference || b.matched_reference,
            a.matched_rewards || b.matched_rewards,
            a.target_margin || b.target_margin};
  }
};

/// The columns of a record: for each branch its log-probability under the policy, under the
/// reference, and its length in tokens; `divergence` its sum over tokens of KL(reference ||
/// policy), which is differentiated too.
struct column_set {
  branch_set policy{};
  branch_set reference{};
  branch_set length{};
  branch_set divergence{};
  extra_set extra{};

  friend constexpr column_set operator|(column_set const& a, column_set const& b)
  {
    return {a.policy | b.policy, a.reference | b.reference, a.length | b.length,
            a.divergence | b.divergence, a.extra | b.extra};
  }
};

}  // namespace prefopt
