// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a curriculum is: a schedule that says, phase by phase, which parts of an
/// easy-to-hard ranking are open and how much is drawn from each.

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// The ranks [first, last) and how many samples of them an epoch of the phase draws: each rank
/// `draws / size()` times, rounded down or up. `draws == size()` is every sample once.
struct open_part {
  index_t first = 0;
  index_t last = 0;
  index_t draws = 0;

  constexpr index_t size() const { return last - first; }
  friend bool operator==(open_part const&, open_part const&) = default;
};

/// Every sample of [first, last) once.
constexpr open_part whole(index_t first, index_t last)
{
  return {first, last, last - first};
}

/// A schedule: a small value that answers for the levels of a ranking
/// - `phases(levels)`: how many phases the run has;
/// - `epochs_of(phase, levels)`: how often the phase is run through, each time in a new order;
/// - `part(phase, j, levels)`: what is open in it.
/// The weight of a part is its share of the draws. A phase changes whenever what is open changes,
/// so a schedule that moves every step has a phase for every step.
template <class Schedule>
concept curriculum_schedule =
    std::regular<Schedule> && std::is_trivially_copyable_v<Schedule> &&
    requires(Schedule const& s, index_t phase, index_t j, level_view levels) {
      { s.phases(levels) } -> std::same_as<index_t>;
      { s.epochs_of(phase, levels) } -> std::same_as<index_t>;
      { s.part(phase, j, levels) } -> std::same_as<open_part>;
    };

/// A schedule that mixes several parts in one phase also has `parts(phase, levels)`.
template <class Schedule>
concept mixes_parts = requires(Schedule const& s, index_t phase, level_view levels) {
  { s.parts(phase, levels) } -> std::same_as<index_t>;
};

/// A schedule whose parts cost less together than one by one also has `each_part(phase, levels,
/// visit)`, which calls `visit(part)` with what `part` gives for 0, 1, ... in turn.
template <class Schedule>
concept gives_parts_together =
    requires(Schedule const& s, index_t phase, level_view levels, void (*visit)(open_part)) {
      s.each_part(phase, levels, visit);
    };

/// A schedule that the caller changes from phase to phase, as the training goes, says so by
/// `static constexpr bool follows_training = true`: a saved run may then go on with what it has
/// become, but not with a schedule that follows nothing.
template <class Schedule>
concept follows_training = requires { requires Schedule::follows_training; };

/// One sentence for each way in which a type is no schedule.
template <class Schedule>
consteval bool check_schedule()
{
  static_assert(std::regular<Schedule> && std::is_trivially_copyable_v<Schedule>,
                "prefopt: a schedule must be a plain value: default-constructible, trivially "
                "copyable, and comparable with ==");
  static_assert(
      requires(Schedule const& s, level_view levels) {
        { s.phases(levels) } -> std::same_as<index_t>;
      }, "prefopt: a schedule needs 'index_t phases(level_view) const'");
  static_assert(
      requires(Schedule const& s, index_t phase, level_view levels) {
        { s.epochs_of(phase, levels) } -> std::same_as<index_t>;
      }, "prefopt: a schedule needs 'index_t epochs_of(index_t phase, level_view) const'");
  static_assert(
      requires(Schedule const& s, index_t phase, index_t j, level_view levels) {
        { s.part(phase, j, levels) } -> std::same_as<open_part>;
      }, "prefopt: a schedule needs 'open_part part(index_t phase, index_t j, level_view) const'");
  return curriculum_schedule<Schedule>;
}

/// The number of parts of a phase: 1 unless the schedule mixes.
template <curriculum_schedule Schedule>
constexpr index_t parts_of(Schedule const& schedule, index_t phase, level_view levels)
{
  if constexpr (mixes_parts<Schedule>) {
    return schedule.parts(phase, levels);
  } else {
    return 1;
  }
}

namespace detail {

inline open_part checked(open_part part, index_t phase, level_view levels)
{
  bool const inside = 0 <= part.first && part.first <= part.last && part.last <= levels.samples();
  if (!inside || part.draws < 0 || (part.draws > 0 && part.size() == 0)) {
    throw_invalid("checked_part", "phase " + std::to_string(phase),
                  "draws from ranks within 0 to " + std::to_string(levels.samples()),
                  std::to_string(part.draws) + " draws from " + std::to_string(part.first) +
                      " to " + std::to_string(part.last));
  }
  return part;
}

}  // namespace detail

/// Part j of a phase, checked: throws `std::invalid_argument` when it leaves the ranking or draws
/// from nothing.
template <curriculum_schedule Schedule>
open_part checked_part(Schedule const& schedule, index_t phase, index_t j, level_view levels)
{
  return detail::checked(schedule.part(phase, j, levels), phase, levels);
}

/// visit(part) for every part of a phase in turn, checked as `checked_part` does.
template <curriculum_schedule Schedule, class Visit>
void for_each_part(Schedule const& schedule, index_t phase, level_view levels, Visit const& visit)
{
  if constexpr (gives_parts_together<Schedule>) {
    schedule.each_part(phase, levels,
                       [&](open_part part) { visit(detail::checked(part, phase, levels)); });
  } else {
    index_t const parts = parts_of(schedule, phase, levels);
    for (index_t j = 0; j < parts; ++j) { visit(checked_part(schedule, phase, j, levels)); }
  }
}

namespace detail {

/// The most that a run draws: sums of draws and positions stay far from what an `index_t` holds.
inline constexpr index_t most_draws = index_t{1} << 62;

/// drawn + times * more. Throws `std::invalid_argument` where that is more than `most_draws`; all
/// are 0 or more, and `drawn` is not too many.
constexpr index_t added_draws(index_t drawn, index_t times, index_t more, index_t phase)
{
  if (times > 0 && more > (most_draws - drawn) / times) {
    throw_invalid(
        "draws_of", "draws up to phase " + std::to_string(phase), "at most 2^62",
        std::to_string(drawn) + " + " + std::to_string(times) + " x " + std::to_string(more));
  }
  return drawn + times * more;
}

}  // namespace detail

/// Samples drawn in one epoch of a phase; 0 for a phase without epochs. Throws
/// `std::invalid_argument` for a negative number of epochs, and for more than 2^62 draws.
template <curriculum_schedule Schedule>
index_t draws_of(Schedule const& schedule, index_t phase, level_view levels)
{
  index_t const epochs = schedule.epochs_of(phase, levels);
  if (epochs < 0) {
    detail::throw_invalid("draws_of", "epochs of phase " + std::to_string(phase), "0 or more",
                          std::to_string(epochs));
  }
  if (epochs == 0) { return 0; }
  index_t draws = 0;
  for_each_part(schedule, phase, levels,
                [&](open_part part) { draws = detail::added_draws(draws, 1, part.draws, phase); });
  return draws;
}

/// Tells what one schedule does with these levels from what another does: hash of every phase's
/// epochs and parts. Schedules that open and draw the same have the same one, whatever their types
/// and parameters. Those that follow the training all have one: which of them it is, and what it
/// does later, may change under a saved run. O(phases). Throws as `draws_of` does, for a negative
/// number of phases, and for a run of more than 2^62 draws.
template <curriculum_schedule Schedule>
std::uint64_t schedule_fingerprint(Schedule const& schedule, level_view levels)
{
  word_hash hash;
  auto const push = [&hash](index_t i) { hash.push(static_cast<std::uint64_t>(i)); };
  index_t const phases = schedule.phases(levels);
  if (phases < 0) {
    detail::throw_invalid("schedule_fingerprint", "phases", "0 or more", std::to_string(phases));
  }
  index_t drawn = 0;
  for (index_t k = 0; k < phases; ++k) {
    index_t const draws = draws_of(schedule, k, levels);
    index_t const epochs = draws > 0 ? schedule.epochs_of(k, levels) : 0;
    drawn = detail::added_draws(drawn, epochs, draws, k);
    push(epochs);
    push(draws > 0 ? parts_of(schedule, k, levels) : 0);
    if (draws == 0) { continue; }
    for_each_part(schedule, k, levels,
                  [&](open_part part) { push(part.first), push(part.last), push(part.draws); });
  }
  if constexpr (follows_training<Schedule>) { return 0x666F6C6C6F777321u; }  // a name, not a hash
  return hash.value();
}

}  // namespace prefopt
