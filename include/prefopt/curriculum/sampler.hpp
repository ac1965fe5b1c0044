// SPDX-License-Identifier: MIT
#pragma once
/// \file  From a ranking and a schedule to batches of sample indices: repeatable, resumable at
/// every batch, the same for any number of ranks.

#include <cstdint>
#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/fingerprint.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// Where a run stands: all that is needed to go on. 40 bytes without padding, which may be stored
/// as they are. It speaks of the run, not of a process: every rank has the same state, and a run
/// may go on with another number of ranks or another batch size.
struct sampler_state {
  std::uint64_t seed = 0;
  std::uint64_t ranking = 0;  ///< fingerprint of order and levels
  index_t phase = 0;
  index_t epoch = 0;     ///< within the phase
  index_t position = 0;  ///< samples already drawn within the epoch, over all ranks

  friend bool operator==(sampler_state const&, sampler_state const&) = default;
};
static_assert(std::is_trivially_copyable_v<sampler_state> &&
              std::has_unique_object_representations_v<sampler_state>);

/// Which slice of every batch this process takes.
struct shard {
  index_t rank = 0;
  index_t ranks = 1;
};

/// One batch of the run. False when the run is over.
struct drawn_batch {
  index_t phase = 0;
  index_t epoch = 0;
  index_t position = 0;  ///< of its first sample within the epoch
  index_t size = 0;      ///< samples of the batch, over all ranks
  index_t count = 0;     ///< samples of this rank; may be 0 in the last batch of an epoch

  /// True once in every phase that draws anything: the time to re-score or to reset things.
  constexpr bool begins_phase() const { return epoch == 0 && position == 0; }
  constexpr explicit operator bool() const { return size > 0; }
};

struct sampler_options {
  index_t batch = 32;      ///< samples of a batch, over all ranks
  std::uint64_t seed = 0;  ///< of the order within epochs
};

/// Draws the batches of a run.
///
/// Each epoch of a phase goes through its open parts in a new random order that is a pure function
/// of (seed, phase, epoch), so the sequence of batches depends on the seed, the ranking, the
/// schedule and the batch size only. A batch never crosses an epoch; the last one of an epoch may
/// be smaller and is kept. Epochs that draw nothing (empty levels, 0 epochs) are passed over.
/// A batch costs O(size), whatever the number of samples. Order and offsets are borrowed.
template <curriculum_schedule Schedule>
class curriculum_sampler {
 public:
  /// Throws `std::invalid_argument` for a ranking that is none (see `ranking_fingerprint`), a batch
  /// size below 1, or a schedule that leaves the ranking.
  curriculum_sampler(Schedule const& schedule, vector_view<index_t const> order,
                     vector_view<index_t const> level_offsets, sampler_options const& options = {})
      : schedule_(schedule), order_(order), levels_{level_offsets}, batch_(options.batch)
  {
    if (batch_ < 1) {
      detail::throw_invalid("curriculum_sampler", "batch", "1 or more", std::to_string(batch_));
    }
    state_.seed = options.seed;
    state_.ranking = ranking_fingerprint(order_, levels_);
    batches();  // complains now about a schedule that would leave the ranking later
    enter_phase();
    settle();
  }

  /// Save it after any batch; `restore` continues with the next one.
  sampler_state const& state() const { return state_; }

  /// Continues a run, with the seed of the saved state. Throws `std::invalid_argument` and changes
  /// nothing when it was saved for another ranking or lies outside the schedule.
  void restore(sampler_state const& saved)
  {
    constexpr char const* name = "curriculum_sampler::restore";
    if (saved.ranking != state_.ranking) {
      detail::throw_invalid(name, "fingerprint of the ranking", std::to_string(saved.ranking),
                            std::to_string(state_.ranking) + ": samples, scores or levels changed");
    }
    index_t const phases = schedule_.phases(levels_);
    bool const over = saved.phase == phases && saved.epoch == 0 && saved.position == 0;
    if (!over) {
      require_below(name, "phase", saved.phase, phases);
      require_below(name, "epoch", saved.epoch, schedule_.epochs_of(saved.phase, levels_));
      require_below(name, "position", saved.position, draws_of(schedule_, saved.phase, levels_));
    }
    state_ = saved;
    enter_phase();
  }

  bool done() const { return state_.phase >= schedule_.phases(levels_); }

  /// Batches of the whole run, for the learning-rate schedule. O(phases).
  index_t batches() const
  {
    index_t total = 0;
    for (index_t k = 0; k < schedule_.phases(levels_); ++k) {
      index_t const draws = draws_of(schedule_, k, levels_);
      total += schedule_.epochs_of(k, levels_) * (draws / batch_ + (draws % batch_ != 0 ? 1 : 0));
    }
    return total;
  }

  /// The batch that comes next: writes this rank's slice of its sample indices to the front of
  /// `indices`, which must hold ceil(batch / ranks).
  drawn_batch peek(vector_view<index_t> indices, shard const& mine = {}) const
  {
    constexpr char const* name = "curriculum_sampler";
    if (mine.ranks < 1 || mine.rank < 0 || mine.rank >= mine.ranks) {
      detail::throw_invalid(name, "shard", "0 <= rank < ranks",
                            std::to_string(mine.rank) + " of " + std::to_string(mine.ranks));
    }
    index_t const room = (batch_ + mine.ranks - 1) / mine.ranks;
    if (indices.size() < room) {
      detail::throw_invalid(name, "column 'indices'", "at least " + std::to_string(room),
                            std::to_string(indices.size()));
    }
    if (done()) { return {}; }
    index_t const size = min(batch_, draws_ - state_.position);
    index_t const begin = slice_begin(size, mine.rank, mine.ranks);
    index_t const count = slice_begin(size, mine.rank + 1, mine.ranks) - begin;
    fill(state_.position + begin, indices.part(0, count));
    return {state_.phase, state_.epoch, state_.position, size, count};
  }

  /// The same, and moves on.
  drawn_batch next(vector_view<index_t> indices, shard const& mine = {})
  {
    drawn_batch const drawn = peek(indices, mine);
    if (drawn) {
      state_.position += drawn.size;
      settle();
    }
    return drawn;
  }

 private:
  static void require_below(char const* name, char const* what, index_t value, index_t end)
  {
    if (value < 0 || value >= end) {
      detail::throw_invalid(name, what, "0 or more and below " + std::to_string(end),
                            std::to_string(value));
    }
  }

  /// The first `size mod ranks` ranks take one sample more.
  static constexpr index_t slice_begin(index_t size, index_t rank, index_t ranks)
  {
    return rank * (size / ranks) + min(rank, size % ranks);
  }

  void enter_phase() { draws_ = done() ? 0 : draws_of(schedule_, state_.phase, levels_); }

  /// Moves to the next epoch that draws something; there is one form of every state.
  void settle()
  {
    while (!done() && state_.position >= draws_) {
      state_.position = 0;
      state_.epoch += 1;
      if (state_.epoch >= schedule_.epochs_of(state_.phase, levels_)) {
        state_.epoch = 0;
        state_.phase += 1;
        enter_phase();
      }
    }
  }

  /// Writes the samples at the places from `place` of this epoch.
  void fill(index_t place, vector_view<index_t> indices) const
  {
    std::uint64_t const seed = derived_seed(state_.seed, state_.phase, state_.epoch);
    bool const mixes = parts_of(schedule_, state_.phase, levels_) > 1;
    permutation const mixed(draws_, derived_seed(seed, -1, 0));
    open_part part;
    index_t j = -1, before = 0;  // draws of the parts before part j
    index_t run_begin = 0, run_end = 0;
    permutation order(0, 0);  // of the run of part j that the last draw fell into
    for (index_t i = 0; i < indices.size(); ++i) {
      index_t const draw = mixes ? mixed(place + i) : place + i;
      if (draw < run_begin || draw >= run_end) {
        if (draw < before) { j = -1, before = 0, part = {}; }
        while (draw - before >= part.draws) {
          before += part.draws;
          part = checked_part(schedule_, state_.phase, ++j, levels_);
        }
        // Once through the part before any of its samples comes again.
        index_t const run = (draw - before) / part.size();
        run_begin = before + run * part.size();
        run_end = min(run_begin + part.size(), before + part.draws);
        order = permutation(part.size(), derived_seed(seed, j, run));
      }
      indices[i] = part.first + order(draw - run_begin);
    }
    // Apart from the arithmetic, so that the cache misses of large rankings overlap.
    for (index_t i = 0; i < indices.size(); ++i) { indices[i] = order_[indices[i]]; }
  }

  Schedule schedule_;
  vector_view<index_t const> order_;
  level_view levels_;
  index_t batch_;
  sampler_state state_;
  index_t draws_ = 0;  // of one epoch of the current phase
};

}  // namespace prefopt
