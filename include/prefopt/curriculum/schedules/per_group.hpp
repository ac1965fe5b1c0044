// SPDX-License-Identifier: MIT
#pragma once
/// \file  One curriculum within another: a schedule inside every group of samples, the groups side
/// by side.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/parameters.hpp>
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
/// Throws `std::invalid_argument` when the levels do not divide into groups, when groups that draw
/// something in a phase would run through it in different numbers of epochs, and for parameters
/// that the schedule or the `check` of the mixture refuses.
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
    if constexpr (weighs_levels<Mixture>) { detail::check_parameters("per_group", mixture); }
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
    open_part found{};
    each_part(phase, levels, [&](open_part part) { found = j-- == 0 ? part : found; });
    return found;
  }

  /// All parts with two looks at every group: the first adds up what they draw and weigh.
  template <class Visit>
  void each_part(index_t phase, level_view levels, Visit const& visit) const
  {
    [[maybe_unused]] shares all;
    if constexpr (weighs_levels<Mixture>) {
      all.progress = detail::progress_at(phase, phases(levels));
      for (index_t g = 0; g < groups; ++g) {
        index_t const natural = draws_within(phase, group(levels, g));
        all.weight += weight_of(g, natural, all.progress, levels);
        all.draws += natural;
      }
      detail::require_some_weight("per_group", all.weight, all.draws);
    }
    [[maybe_unused]] double before = 0;
    for (index_t g = 0; g < groups; ++g) {
      level_view const within = group(levels, g);
      if (phase >= inner.phases(within)) { continue; }
      index_t const natural = draws_within(phase, within);
      index_t given = natural;
      if constexpr (weighs_levels<Mixture>) {
        double const after = before + weight_of(g, natural, all.progress, levels);
        given = detail::draws_by_weight(all.draws, before, after, all.weight,
                                        detail::rounding_offset(phase));
        before = after;
      }
      index_t const origin = levels.first(g * (levels.count() / groups));
      each_part_of(given, natural, phase, within, [&](open_part own) {
        visit(open_part{origin + own.first, origin + own.last, own.draws});
      });
    }
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

  /// Of all groups together.
  struct shares {
    double progress = 0, weight = 0;
    index_t draws = 0;
  };

  /// The weight of a group, 0 if it draws nothing by itself.
  double weight_of(index_t g, index_t natural, double t, level_view levels) const
  {
    if (natural == 0) { return 0; }
    level_view const joined = levels.joined(levels.count() / groups);
    return detail::checked_weight("per_group", mixture, g, t, joined);
  }

  /// The parts of a group that draws `given` samples where by itself it would draw `natural`.
  template <class Visit>
  void each_part_of(index_t given, index_t natural, index_t phase, level_view within,
                    Visit const& visit) const
  {
    index_t before = 0;
    for_each_part(inner, phase, within, [&](open_part part) {
      index_t const after = before + part.draws;
      if (natural == 0) {
        part.draws = 0;  // it has no epochs in this phase
      } else if (given != natural) {
        part.draws =
            detail::draws_by_weight(given, static_cast<double>(before), static_cast<double>(after),
                                    static_cast<double>(natural), detail::rounding_offset(phase));
      }
      before = after;
      visit(part);
    });
  }
};
static_assert(check_schedule<per_group<>>() && mixes_parts<per_group<>> &&
              gives_parts_together<per_group<>>);

}  // namespace prefopt
