// SPDX-License-Identifier: MIT
#pragma once
/// \file  The parts of the phase that a run is in, asked for once: on the host as many as there
/// are.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/epoch_order.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt::detail {

/// What a sampler asks of its schedule for a phase, so that no batch asks again. Parts beyond those
/// of an `epoch_order` are in memory of its own: 24 bytes a part, kept from phase to phase.
class phase_table {
 public:
  /// Holds a phase, before its first epoch. O(parts). One without epochs draws nothing and has no
  /// parts. Throws as `checked_part` does.
  template <curriculum_schedule Schedule>
  void open(Schedule const& schedule, level_view levels, index_t phase)
  {
    epochs_ = schedule.epochs_of(phase, levels);
    epoch_.parts = epochs_ > 0 ? parts_of(schedule, phase, levels) : 0;
    epoch_.draws = 0;
    if (epoch_.parts == 0) { return; }
    if (!fits()) { more_.resize(static_cast<std::size_t>(3 * epoch_.parts + 1)); }
    index_t* const begin = fits() ? epoch_.begin : more_.data();
    index_t* const first = fits() ? epoch_.first : begin + epoch_.parts + 1;
    index_t* const size = fits() ? epoch_.size : first + epoch_.parts;
    index_t k = 0;
    begin[0] = 0;
    word_hash hash;
    for_each_part(schedule, phase, levels, [&](open_part part) {
      for (index_t const word : {part.first, part.last, part.draws}) {
        hash.push(static_cast<std::uint64_t>(word));
      }
      first[k] = part.first;
      size[k] = part.size();
      begin[k + 1] = begin[k] + part.draws;
      ++k;
    });
    epoch_.draws = begin[k];
    parts_fingerprint_ = hash.value();
  }

  /// Holds no phase: the run is over.
  void close() { epochs_ = epoch_.parts = epoch_.draws = 0; }

  /// The order of the epoch of this phase that has this seed.
  void shuffle(std::uint64_t seed)
  {
    epoch_.seed = seed;
    index_t const size = epoch_.parts > 0 ? view().size[0] : 0;
    epoch_.first_run = permutation(size, derived_seed(seed, 0, 0));
  }

  index_t epochs() const { return epochs_; }
  index_t draws() const { return epoch_.draws; }  ///< of an epoch
  std::uint64_t seed() const { return epoch_.seed; }
  std::uint64_t parts_fingerprint() const { return parts_fingerprint_; }

  epoch_view view() const
  {
    epoch_view parts = epoch_.view();
    if (!fits()) {
      parts.begin = more_.data();
      parts.first = parts.begin + parts.parts + 1;
      parts.size = parts.first + parts.parts;
    }
    return parts;
  }

  /// For a kernel. Throws `std::invalid_argument` for more parts than it holds.
  epoch_order const& epoch(char const* name) const
  {
    if (!fits()) {
      throw_invalid(name, "parts of the phase", "at most " + std::to_string(epoch_order::max_parts),
                    std::to_string(epoch_.parts));
    }
    return epoch_;
  }

 private:
  bool fits() const { return epoch_.parts <= epoch_order::max_parts; }

  epoch_order epoch_;
  index_t epochs_ = 0;
  std::uint64_t parts_fingerprint_ = 0;
  std::vector<index_t> more_;  // begin, first and size of parts that do not fit
};

}  // namespace prefopt::detail
