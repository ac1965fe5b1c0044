// SPDX-License-Identifier: MIT
#pragma once
/// \file  Where a curriculum's run stands, what a sampler is asked and answers, and when a run may
/// go on from there.

#include <cstdint>
#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/length_groups.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// Where a run stands: all that is needed to go on. 48 bytes without padding, which may be stored
/// as they are. It speaks of the run, not of a process: every rank has the same state, and a run
/// may go on with another number of ranks or, unless it groups by length, another batch size.
struct sampler_state {
  std::uint64_t seed = 0;
  std::uint64_t ranking = 0;  ///< fingerprint of order and levels
  index_t phase = 0;
  index_t epoch = 0;       ///< within the phase
  index_t position = 0;    ///< samples already drawn within the epoch, over all ranks
  std::uint64_t plan = 0;  ///< fingerprint of what the schedule does, and of a grouping by length

  friend bool operator==(sampler_state const&, sampler_state const&) = default;
};
static_assert(std::is_trivially_copyable_v<sampler_state> &&
              std::has_unique_object_representations_v<sampler_state>);

/// Which slice of every batch this process takes.
struct shard {
  index_t rank = 0;
  index_t ranks = 1;

  /// Where the slice begins in a batch of `size` samples; that of the rank after it is where it
  /// ends. The first `size mod ranks` ranks take one sample more.
  constexpr index_t begin(index_t size) const
  {
    return rank * (size / ranks) + min(rank, size % ranks);
  }
};

/// One batch of the run. False when the run is over.
struct drawn_batch {
  index_t phase = 0;
  index_t epoch = 0;
  index_t position = 0;  ///< of its first sample within the epoch
  index_t size = 0;      ///< samples of the batch, over all ranks
  index_t count = 0;     ///< samples of this rank; may be 0 in the last batch of an epoch

  /// True once in every phase that draws anything: the time to re-score or to reset things. False
  /// when the run is over.
  constexpr bool begins_phase() const { return size > 0 && epoch == 0 && position == 0; }
  constexpr explicit operator bool() const { return size > 0; }
};

struct sampler_options {
  index_t batch = 32;            ///< samples of a batch, over all ranks
  std::uint64_t seed = 0;        ///< of the order within epochs
  length_grouping lengths = {};  ///< batches of similar lengths; off by default
};

namespace detail {

inline void require_below(char const* name, char const* what, index_t value, index_t end)
{
  if (value < 0 || value >= end) {
    throw_invalid(name, what, "0 or more and below " + std::to_string(end), std::to_string(value));
  }
}

/// Throws `std::invalid_argument` unless a state was saved by a run of this ranking and plan.
inline void require_same_run(char const* name, sampler_state const& saved, sampler_state const& now)
{
  if (saved.ranking != now.ranking) {
    throw_invalid(name, "fingerprint of the ranking", std::to_string(saved.ranking),
                  std::to_string(now.ranking) +
                      ": samples, scores or levels changed, or it was ranked again");
  }
  if (saved.plan != now.plan) {
    throw_invalid(name, "fingerprint of the schedule", std::to_string(saved.plan),
                  std::to_string(now.plan) +
                      ": what the schedule does, or lengths, window or batch of a grouping by "
                      "length changed");
  }
}

/// Throws `std::invalid_argument` unless a state is a place of the schedule or its end: a batch of
/// a run that groups by length, any sample of another.
template <curriculum_schedule Schedule>
void require_place(char const* name, sampler_state const& saved, Schedule const& schedule,
                   level_view levels, index_t batch, bool grouped)
{
  index_t const phases = schedule.phases(levels);
  if (saved.phase == phases && saved.epoch == 0 && saved.position == 0) { return; }
  require_below(name, "phase", saved.phase, phases);
  require_below(name, "epoch", saved.epoch, schedule.epochs_of(saved.phase, levels));
  require_below(name, "position", saved.position, draws_of(schedule, saved.phase, levels));
  if (grouped && saved.position % batch != 0) {
    throw_invalid(name, "position", "a multiple of the batch, " + std::to_string(batch),
                  std::to_string(saved.position));
  }
}

/// Throws `std::invalid_argument` amid a phase.
inline void require_between_phases(char const* name, sampler_state const& state)
{
  if (state.epoch != 0 || state.position != 0) {
    throw_invalid(name, "place of the run", "the beginning of a phase",
                  "epoch " + std::to_string(state.epoch) + ", position " +
                      std::to_string(state.position) + " of phase " + std::to_string(state.phase));
  }
}

}  // namespace detail

}  // namespace prefopt
