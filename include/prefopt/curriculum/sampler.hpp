// SPDX-License-Identifier: MIT
#pragma once
/// \file  From a ranking and a schedule to batches of sample indices: repeatable, resumable at
/// every batch, the same for any number of ranks.

#include <cstdint>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/epoch_draws.hpp>
#include <prefopt/curriculum/epoch_order.hpp>
#include <prefopt/curriculum/length_groups.hpp>
#include <prefopt/curriculum/sampler_state.hpp>
#include <prefopt/ranking/fingerprint.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// Draws the batches of a run.
///
/// Each epoch of a phase goes through its open parts in a new random order that is a pure function
/// of (seed, phase, epoch), so the sequence of batches depends on the seed, the ranking, the
/// schedule and the batch size only. A batch never crosses an epoch; the last one of an epoch may
/// be smaller and is kept. Epochs that draw nothing (empty levels, 0 epochs) are passed over.
/// A batch costs O(size), whatever the number of samples. Order, offsets, lengths and workspace are
/// borrowed.
template <curriculum_schedule Schedule>
class curriculum_sampler {
 public:
  /// Throws `std::invalid_argument` for a ranking that is none (see `ranking_fingerprint`), a batch
  /// size below 1, a schedule that leaves the ranking, or lengths that do not fit. Reads order and
  /// lengths once.
  curriculum_sampler(Schedule const& schedule, vector_view<index_t const> order,
                     vector_view<index_t const> level_offsets, sampler_options const& options = {})
      : schedule_(schedule),
        order_(order),
        levels_{level_offsets},
        batch_(options.batch),
        lengths_(options.lengths)
  {
    if (batch_ < 1) {
      detail::throw_invalid("curriculum_sampler", "batch", "1 or more", std::to_string(batch_));
    }
    state_.seed = options.seed;
    state_.ranking = ranking_fingerprint(order_, levels_);
    if (lengths_) {
      detail::check_length_grouping(lengths_, order_.size(), batch_);
      lengths_plan_ = detail::length_fingerprint(lengths_, batch_);
    }
    // Complains now about a schedule that would leave the ranking later.
    state_.plan = schedule_fingerprint(schedule_, levels_) ^ lengths_plan_;
    enter_epoch();
    settle();
  }

  /// Save it after any batch; `restore` continues with the next one.
  sampler_state const& state() const { return state_; }

  /// Continues a run, with the seed of the saved state. Throws `std::invalid_argument` and changes
  /// nothing when it was saved for another ranking, schedule or grouping, or lies outside the
  /// schedule.
  void restore(sampler_state const& saved)
  {
    constexpr char const* name = "curriculum_sampler::restore";
    if (saved.ranking != state_.ranking) {
      detail::throw_invalid(name, "fingerprint of the ranking", std::to_string(saved.ranking),
                            std::to_string(state_.ranking) +
                                ": samples, scores or levels changed, or it was ranked again");
    }
    if (saved.plan != state_.plan) {
      detail::throw_invalid(name, "fingerprint of the schedule", std::to_string(saved.plan),
                            std::to_string(state_.plan) +
                                ": what the schedule does, or lengths, window or batch of a "
                                "grouping by length changed");
    }
    index_t const phases = schedule_.phases(levels_);
    bool const over = saved.phase == phases && saved.epoch == 0 && saved.position == 0;
    if (!over) {
      require_below(name, "phase", saved.phase, phases);
      require_below(name, "epoch", saved.epoch, schedule_.epochs_of(saved.phase, levels_));
      require_below(name, "position", saved.position, draws_of(schedule_, saved.phase, levels_));
      if (lengths_ && saved.position % batch_ != 0) {
        detail::throw_invalid(name, "position",
                              "a multiple of the batch, " + std::to_string(batch_),
                              std::to_string(saved.position));
      }
    }
    state_ = saved;
    enter_epoch();
  }

  /// Ranks from this one on have been in no phase before the one that comes next: what may be
  /// ranked again without a sample that is seen twice or not at all where the schedule says once.
  /// For `one_pass` and `baby_steps` the beginning of the phase's level. O(phases).
  index_t first_unopened() const
    requires(!follows_training<Schedule>)
  {
    index_t first = 0;
    for (index_t k = 0; k < state_.phase; ++k) {
      if (draws_of(schedule_, k, levels_) == 0) { continue; }
      for_each_part(schedule_, k, levels_, [&](open_part part) {
        if (part.draws > 0) { first = max(first, part.last); }
      });
    }
    return first;
  }

  /// Goes on with another ranking of the same samples (see `rerank_from`), which may be the one
  /// that was there, changed, and with other levels if given. Only between phases, where the
  /// next batch `begins_phase()`, or before the first. States from then on belong to this ranking:
  /// save the order with them. Reads the order once. Throws `std::invalid_argument` and changes
  /// nothing amid a phase, for another number of samples, and as the constructor does.
  void rerank(vector_view<index_t const> order) { rerank(order, levels_.offsets); }
  void rerank(vector_view<index_t const> order, vector_view<index_t const> level_offsets)
  {
    constexpr char const* name = "curriculum_sampler::rerank";
    require_between_phases(name);
    detail::require_extent(name, "order", order_.size(), order.size());
    level_view const levels{level_offsets};
    std::uint64_t const ranking = ranking_fingerprint(order, levels);
    change(name, schedule_, levels);
    order_ = order;
    state_.ranking = ranking;
  }

  /// Goes on with another schedule, for example one that follows the training and has opened a
  /// level. Does not read the ranking. Where and what it throws as `rerank`.
  void reschedule(Schedule const& schedule)
  {
    constexpr char const* name = "curriculum_sampler::reschedule";
    require_between_phases(name);
    change(name, schedule, levels_);
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

  /// Which batch comes next, of all ranks (`count` is `size`), without drawing it: what is to be
  /// done before it, see `stage_hooks`.
  drawn_batch upcoming() const
  {
    index_t const size = done() ? 0 : min(batch_, epoch_.draws - state_.position);
    return done() ? drawn_batch{}
                  : drawn_batch{state_.phase, state_.epoch, state_.position, size, size};
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
    drawn_batch batch = upcoming();
    index_t const size = batch.size;
    index_t const begin = slice_begin(size, mine.rank, mine.ranks);
    batch.count = slice_begin(size, mine.rank + 1, mine.ranks) - begin;
    if (batch.count == 0) { return batch; }
    auto const mine_of_batch = indices.part(0, batch.count);
    if (lengths_) {
      auto const draw = [this](index_t first, vector_view<index_t> to, auto const& use) {
        fill(first, to, use);
      };
      detail::window_at(lengths_, epoch_.seed, state_.ranking, epoch_.draws, state_.position,
                        batch_, draw)
          .write(state_.position, size, begin, mine_of_batch);
    } else {
      fill(state_.position + begin, mine_of_batch, [](index_t, index_t) {});
    }
    return batch;
  }

  /// The order of the current epoch as a value that a kernel may take: `draw(epoch, order,
  /// state().position + i)` is sample i of the next batch of a run that does not group by length.
  /// Throws `std::invalid_argument` when it has more than `epoch_order::max_parts` parts. Draws
  /// nothing when the run is over.
  epoch_order const& epoch() const
  {
    if (!epoch_.holds_all_parts()) {
      detail::throw_invalid("curriculum_sampler::epoch", "parts of the phase",
                            "at most " + std::to_string(epoch_order::max_parts),
                            std::to_string(epoch_.all_parts));
    }
    return epoch_;
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

  void require_between_phases(char const* name) const
  {
    if (state_.epoch != 0 || state_.position != 0) {
      detail::throw_invalid(name, "place of the run", "the beginning of a phase",
                            "epoch " + std::to_string(state_.epoch) + ", position " +
                                std::to_string(state_.position) + " of phase " +
                                std::to_string(state_.phase));
    }
  }

  /// Takes another schedule or other levels, at the beginning of a phase.
  void change(char const* name, Schedule const& schedule, level_view levels)
  {
    std::uint64_t const plan = schedule_fingerprint(schedule, levels) ^ lengths_plan_;
    require_below(name, "phase", state_.phase, schedule.phases(levels) + 1);
    schedule_ = schedule;
    levels_ = levels;
    state_.plan = plan;
    enter_epoch();
    settle();
  }

  /// The first `size mod ranks` ranks take one sample more.
  static constexpr index_t slice_begin(index_t size, index_t rank, index_t ranks)
  {
    return rank * (size / ranks) + min(rank, size % ranks);
  }

  void enter_epoch()
  {
    epoch_ = {};
    if (!done()) {
      epoch_ = detail::order_of_epoch(schedule_, levels_, state_.seed, state_.phase, state_.epoch);
    }
  }

  /// Moves to the next epoch that draws something; there is one form of every state.
  void settle()
  {
    while (!done() && state_.position >= epoch_.draws) {
      state_.position = 0;
      state_.epoch += 1;
      if (epoch_.draws == 0 || state_.epoch >= schedule_.epochs_of(state_.phase, levels_)) {
        state_.epoch = 0;
        state_.phase += 1;
      }
      enter_epoch();
    }
  }

  /// Writes the samples at the places from `place` of this epoch. Apart from the arithmetic, so
  /// that the cache misses of large rankings overlap, and a step behind, so that they are under way
  /// while the next ranks are computed. `use(i, count)` may read samples i .. i + count - 1.
  template <class Use>
  void fill(index_t place, vector_view<index_t> indices, Use const& use) const
  {
    constexpr index_t most = detail::draws_at_once;
    index_t ranks[2][most], room[most];
    // Reading and computing overlap better in small steps, but each costs something for every part.
    index_t const step = epoch_.all_parts > 1 ? most : most / 8;
    auto const hold_next = [this](epoch_order& epoch) {
      detail::hold_parts(epoch, schedule_, levels_, state_.phase, epoch.first_part + epoch.parts,
                         epoch.begin[epoch.parts]);
    };
    index_t const count = indices.size();
    for (index_t i = 0, turn = 0; i < count + step; i += step, turn ^= 1) {
      if (i < count) {
        index_t const size = min(step, count - i);
        detail::ranks_at(epoch_, place + i, size, ranks[turn], room, hold_next);
        for (index_t k = 0; k < size; ++k) { __builtin_prefetch(&order_[ranks[turn][k]]); }
      }
      if (i > 0) {
        index_t const size = min(step, count - (i - step));
        for (index_t k = 0; k < size; ++k) { indices[i - step + k] = order_[ranks[turn ^ 1][k]]; }
        use(i - step, size);
      }
    }
  }

  Schedule schedule_;
  vector_view<index_t const> order_;
  level_view levels_;
  index_t batch_;
  sampler_state state_;
  length_grouping lengths_;
  std::uint64_t lengths_plan_ = 0;
  epoch_order epoch_;
};

}  // namespace prefopt
