// SPDX-License-Identifier: MIT
#pragma once
/// \file  One curriculum within another: a schedule inside every group of samples, the groups side
/// by side.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/pacing.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// Every group draws what its own schedule says.
struct as_drawn {
  friend bool operator==(as_drawn const&, as_drawn const&) = default;
};

/// Runs `inner` in each of `groups` groups of the samples (one per modality, task or source), all
/// in the same phases. The ranking goes through the groups, easy to hard within each
/// (`rank_within_groups`), and every group has the same number of levels (`levels_within_groups`).
///
/// With `as_drawn` every sample comes as often as the inner schedule says. With the weights of a
/// mixture (`temperature_weights` ...) all groups together draw as much, but in its proportions:
/// groups take the place of levels in it, and each divides its draws as its inner schedule does. A
/// group whose inner schedule draws nothing in a phase takes no share of it.
///
/// Throws `std::invalid_argument` when the levels do not divide into groups, or when groups that
/// draw something in a phase would run through it in different numbers of epochs.
template <curriculum_schedule Inner = one_pass, class Mixture = as_drawn>
struct per_group {
  static constexpr bool follows_training = prefopt::follows_training<Inner>;

  Inner inner{};
  index_t groups = 1;
  Mixture mixture{};

  constexpr index_t phases(level_view levels) const
  {
    if (groups < 1 || levels.count() % groups != 0) {
      detail::throw_invalid("per_group", "levels",
                            "a multiple of the groups, of which are " + std::to_string(groups),
                            std::to_string(levels.count()));
    }
    index_t most = 0;
    for (index_t g = 0; g < groups; ++g) { most = max(inner.phases(group(levels, g)), most); }
    return most;
  }

  constexpr index_t epochs_of(index_t phase, level_view levels) const
  {
    index_t epochs = 0;
    for (index_t g = 0; g < groups; ++g) {
      if (draws_within(phase, group(levels, g)) == 0) { continue; }
      index_t const its = inner.epochs_of(phase, group(levels, g));
      if (epochs != 0 && its != epochs) {
        detail::throw_invalid(
            "per_group",
            "epochs of group " + std::to_string(g) + " in phase " + std::to_string(phase),
            std::to_string(epochs) + " as before it", std::to_string(its));
      }
      epochs = its;
    }
    return epochs;
  }

  constexpr index_t parts(index_t phase, level_view levels) const
  {
    index_t all = 0;
    for (index_t g = 0; g < groups; ++g) { all += parts_within(phase, group(levels, g)); }
    return all;
  }

  open_part part(index_t phase, index_t j, level_view levels) const
  {
    index_t g = 0;
    while (j >= parts_within(phase, group(levels, g))) {
      j -= parts_within(phase, group(levels, g));
      ++g;
    }
    level_view const within = group(levels, g);
    index_t const origin = levels.first(g * (levels.count() / groups));
    open_part own = checked_part(inner, phase, j, within);
    if constexpr (weighs_levels<Mixture>) {
      index_t const natural = draws_within(phase, within);
      index_t const given = draws_of_group(phase, g, levels);
      if (given != natural) {
        index_t before = 0;
        for (index_t i = 0; i < j; ++i) { before += checked_part(inner, phase, i, within).draws; }
        own.draws = detail::draws_by_weight(
            given, static_cast<double>(before), static_cast<double>(before + own.draws),
            static_cast<double>(natural), detail::rounding_offset(phase));
      }
    }
    return {origin + own.first, origin + own.last, own.draws};
  }
  friend bool operator==(per_group const&, per_group const&) = default;

 private:
  constexpr level_view group(level_view levels, index_t g) const
  {
    index_t const each = levels.count() / groups;
    return levels.part(g * each, each);
  }
  constexpr index_t parts_within(index_t phase, level_view within) const
  {
    return phase < inner.phases(within) ? parts_of(inner, phase, within) : 0;
  }
  constexpr index_t draws_within(index_t phase, level_view within) const
  {
    return phase < inner.phases(within) ? draws_of(inner, phase, within) : 0;
  }

  /// The group's share of what all groups draw.
  index_t draws_of_group(index_t phase, index_t g, level_view levels) const
  {
    level_view const joined = levels.joined(levels.count() / groups);
    double const t = detail::progress_at(phase, phases(levels));
    index_t total = 0;
    double sum = 0, before = 0, after = 0;
    for (index_t k = 0; k < groups; ++k) {
      if (k == g) { before = sum; }
      index_t const natural = draws_within(phase, group(levels, k));
      if (natural > 0) { sum += detail::checked_weight("per_group", mixture, k, t, joined); }
      total += natural;
      if (k == g) { after = sum; }
    }
    detail::require_some_weight("per_group", sum, total);
    return detail::draws_by_weight(total, before, after, sum, detail::rounding_offset(phase));
  }
};
static_assert(check_schedule<per_group<>>() && mixes_parts<per_group<>>);

}  // namespace prefopt
