// SPDX-License-Identifier: MIT
#pragma once
/// \file  Where a curriculum's run stands, and what a sampler is asked and answers.

#include <cstdint>
#include <type_traits>

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/length_groups.hpp>

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

}  // namespace prefopt
