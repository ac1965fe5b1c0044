// SPDX-License-Identifier: MIT
#pragma once
/// \file  From a ranking and a schedule to batches of sample indices: repeatable, resumable at
/// every batch, the same for any number of ranks.

#include <cstdint>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/epoch_draws.hpp>
#include <prefopt/curriculum/epoch_order.hpp>
#include <prefopt/curriculum/length_groups.hpp>
#include <prefopt/curriculum/phase_table.hpp>
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
/// A batch costs O(size log parts), whatever the number of samples, and asks nothing of the
/// schedule unless a phase begins. Order, offsets, lengths and workspace are borrowed.
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
    start();
  }

  /// Save it after any batch; `restore` continues with the next one.
  sampler_state const& state() const { return state_; }

  /// Continues a run, with the seed of the saved state. Throws `std::invalid_argument` and changes
  /// nothing when it was saved for another ranking, schedule or grouping, or lies outside the
  /// schedule.
  void restore(sampler_state const& saved)
  {
    constexpr char const* name = "curriculum_sampler::restore";
    detail::require_same_run(name, saved, state_);
    detail::require_place(name, saved, schedule_, levels_, batch_, bool{lengths_});
    state_ = saved;
    enter_phase();
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
    detail::require_between_phases(name, state_);
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
    detail::require_between_phases(name, state_);
    change(name, schedule, levels_);
  }

  bool done() const { return state_.phase >= phases_; }

  /// Batches of the whole run, for the learning-rate schedule. O(phases).
  index_t batches() const
  {
    index_t total = 0;
    for (index_t k = 0; k < phases_; ++k) {
      index_t const draws = draws_of(schedule_, k, levels_);
      total += schedule_.epochs_of(k, levels_) * (draws / batch_ + (draws % batch_ != 0 ? 1 : 0));
    }
    return total;
  }

  /// Which batch comes next, of all ranks (`count` is `size`), without drawing it: what is to be
  /// done before it, see `stage_hooks`.
  drawn_batch upcoming() const
  {
    index_t const size = done() ? 0 : min(batch_, phase_.draws() - state_.position);
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
    index_t const room = batch_ / mine.ranks + (batch_ % mine.ranks != 0 ? 1 : 0);
    if (indices.size() < room) {
      detail::throw_invalid(name, "column 'indices'", "at least " + std::to_string(room),
                            std::to_string(indices.size()));
    }
    drawn_batch batch = upcoming();
    index_t const begin = mine.begin(batch.size);
    batch.count = shard{mine.rank + 1, mine.ranks}.begin(batch.size) - begin;
    if (batch.count == 0) { return batch; }
    auto const mine_of_batch = indices.part(0, batch.count);
    auto const draw = [this](index_t place, vector_view<index_t> to, auto const& use) {
      detail::draw_samples(phase_.view(), order_, place, to, use);
    };
    if (lengths_) {
      detail::window_at(lengths_, phase_.seed(), window_source(), phase_.draws(), state_.position,
                        batch_, draw)
          .write(state_.position, batch.size, begin, mine_of_batch);
    } else {
      draw(state_.position + begin, mine_of_batch, [](index_t, index_t) {});
    }
    return batch;
  }

  /// The order of the current epoch as a value that a kernel may take: `draw(epoch, order,
  /// state().position + i)` is sample i of the next batch of a run that does not group by length.
  /// Throws `std::invalid_argument` when it has more than `epoch_order::max_parts` parts. Draws
  /// nothing when the run is over.
  epoch_order const& epoch() const { return phase_.epoch("curriculum_sampler::epoch"); }

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
  /// Takes another schedule or other levels, at the beginning of a phase.
  void change(char const* name, Schedule const& schedule, level_view levels)
  {
    std::uint64_t const plan = schedule_fingerprint(schedule, levels) ^ lengths_plan_;
    detail::require_below(name, "phase", state_.phase, schedule.phases(levels) + 1);
    schedule_ = schedule;
    levels_ = levels;
    state_.plan = plan;
    start();
  }

  /// At the beginning of a phase of a schedule that was not there before.
  void start()
  {
    phases_ = schedule_.phases(levels_);
    enter_phase();
    settle();
  }

  /// What the windows of an epoch are sorted from: nothing that a schedule, a ranking or other
  /// lengths can change without another number.
  std::uint64_t window_source() const
  {
    word_hash hash;
    for (std::uint64_t const word :
         {phase_.seed(), phase_.parts_fingerprint(), state_.ranking, lengths_plan_}) {
      hash.push(word);
    }
    return hash.value();
  }

  void enter_phase()
  {
    phase_.close();
    if (done()) { return; }
    phase_.open(schedule_, levels_, state_.phase);
    enter_epoch();
  }
  void enter_epoch() { phase_.shuffle(derived_seed(state_.seed, state_.phase, state_.epoch)); }

  /// Moves to the next epoch that draws something; there is one form of every state.
  void settle()
  {
    while (!done() && state_.position >= phase_.draws()) {
      state_.position = 0;
      state_.epoch += 1;
      if (phase_.draws() > 0 && state_.epoch < phase_.epochs()) {
        enter_epoch();
      } else {
        state_.epoch = 0;
        state_.phase += 1;
        enter_phase();
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
  index_t phases_ = 0;
  detail::phase_table phase_;
};

}  // namespace prefopt
