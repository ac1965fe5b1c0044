// SPDX-License-Identifier: MIT
#pragma once
/// \file  What to do between the stages of a run: score again, move the reference, start the
/// optimiser over.

#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/sampler.hpp>

namespace prefopt {

/// When the reference becomes the policy as it is then.
enum class reference_reset : index_t {
  never,        ///< one reference for the run: DPO; MFPO as far as its paper says
  every_stage,  ///< Curri-DPO (arXiv 2403.07230), sDPO (2403.19270), SCPO (2509.24491)
  over_budget   ///< when KL(policy || reference) exceeds a budget: 2D-Curri-DPO (2504.07856)
};

/// What a run does at the boundaries of its stages.
struct stage_plan {
  /// Phases of a stage: 1 where phases are levels, more where a schedule moves at every step.
  index_t phases = 1;
  bool rescore = false;
  reference_reset reference = reference_reset::never;
  double kl_budget = 1;  ///< nats per sample, for `over_budget`
  index_t cooldown = 0;  ///< batches after a reset before `over_budget` may reset again
  bool restart_optimizer = false;
  bool restart_learning_rate = false;

  friend bool operator==(stage_plan const&, stage_plan const&) = default;
};

/// What is due now, in this order: scores come from the policy before the reference is reset or
/// after, it is the same policy.
struct stage_actions {
  bool rescore = false;
  bool reset_reference = false;
  bool restart_optimizer = false;
  bool restart_learning_rate = false;

  constexpr explicit operator bool() const
  {
    return rescore || reset_reference || restart_optimizer || restart_learning_rate;
  }
  friend bool operator==(stage_actions const&, stage_actions const&) = default;
};

/// Says which actions are due. Ask once for every batch, before it is drawn, so that it comes from
/// the new ranking where scoring again is due:
///
///     stage_hooks hooks{.plan = {.rescore = true, .reference = reference_reset::every_stage}};
///     while (!sampler.done()) {
///       auto const due = hooks.before(sampler.upcoming());
///       if (due.rescore) {
///         ...  // the new scores
///         rerank_from(scores, order, sampler.first_unopened());
///         sampler.rerank(order);
///       }
///       if (due.reset_reference) { ... }
///       auto const batch = sampler.next(indices);
///
/// A pure function of the plan, the batches so far and the KL given with them, so all ranks agree
/// if they give the same KL. Trivially copyable without padding: its bytes are its checkpoint,
/// saved together with `sampler_state`; a run that goes on from there does nothing twice.
struct stage_hooks {
  stage_plan plan{};
  index_t stage = -1;       ///< that the last batch belonged to; -1 before the first
  index_t resets = 0;       ///< of the reference so far
  index_t since_reset = 0;  ///< batches since the last one, or since the start

  /// The start of the run is no boundary: scores are fresh and the reference is the policy. `kl` is
  /// the running estimate of KL(policy || reference) in nats per sample, over all ranks; it is read
  /// for `over_budget` only, may be infinite, and must be measured against the new reference after
  /// a reset. Throws `std::invalid_argument` for a KL that is NaN, and for plans that have no
  /// meaning.
  stage_actions before(drawn_batch const& batch, double kl = 0)
  {
    check(kl);
    if (!batch) { return {}; }
    index_t const now = batch.phase / plan.phases;
    bool const boundary = stage >= 0 && now != stage;
    stage = now;
    stage_actions due;
    due.rescore = boundary && plan.rescore;
    due.restart_optimizer = boundary && plan.restart_optimizer;
    due.restart_learning_rate = boundary && plan.restart_learning_rate;
    due.reset_reference = plan.reference == reference_reset::every_stage
                              ? boundary
                              : plan.reference == reference_reset::over_budget &&
                                    kl > plan.kl_budget &&
                                    (resets == 0 || since_reset >= plan.cooldown);
    resets += due.reset_reference ? 1 : 0;
    since_reset = due.reset_reference ? 1 : since_reset + 1;  // with this batch
    return due;
  }
  friend bool operator==(stage_hooks const&, stage_hooks const&) = default;

 private:
  void check(double kl) const
  {
    constexpr char const* name = "stage_hooks";
    if (plan.phases < 1) {
      detail::throw_invalid(name, "phases", "1 or more", std::to_string(plan.phases));
    }
    if (plan.cooldown < 0) {
      detail::throw_invalid(name, "cooldown", "0 or more", std::to_string(plan.cooldown));
    }
    if (plan.reference != reference_reset::over_budget) { return; }
    if (!(plan.kl_budget > 0)) {
      detail::throw_invalid(name, "kl_budget", "above 0", std::to_string(plan.kl_budget));
    }
    if (kl != kl) { detail::throw_invalid(name, "kl", "a number", "NaN"); }
  }
};
static_assert(std::is_trivially_copyable_v<stage_hooks>);

}  // namespace prefopt
