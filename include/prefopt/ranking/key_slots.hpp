// SPDX-License-Identifier: MIT
#pragma once
/// \file  The beginnings of keys that ranks are looked for under, and how a key finds its own.

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/score_keys.hpp>

namespace prefopt::detail {

/// A *slot* for each beginning that ranks share, in ascending order. Those of one first digit are
/// neighbours and form a group. `Target` as in `for_key_blocks`.
template <class Key, class Target>
class key_slots {
 public:
  static constexpr int digit_bits = 16;
  static constexpr index_t buckets = index_t(1) << digit_bits;

  /// Elements of memory.
  static constexpr index_t memory(index_t ranks) { return buckets + 3 * ranks; }

  /// At first one slot, of all keys.
  key_slots(index_t ranks, index_t* memory)
      : ranks_(ranks),
        slot_of_bucket_(memory),
        beginning_(memory + buckets),
        group_end_(beginning_ + ranks),
        first_(group_end_ + ranks)
  {
  }

  /// The slots of ranks whose keys begin so, in the bits of the mask; slot[r] becomes that of r.
  void form(Key mask, index_t const* begins, index_t* slot)
  {
    mask_ = mask;
    for (index_t b = 0; b < buckets; ++b) { slot_of_bucket_[b] = -1; }
    count_ = 0;
    for (index_t r = 0; r < ranks_; ++r) {
      if (r == 0 || begins[r] != begins[r - 1]) {
        beginning_[count_] = begins[r];
        first_[count_++] = r;
      }
      slot[r] = count_ - 1;
    }
    index_t end = count_;
    for (index_t s = count_; s-- > 0;) {
      index_t const bucket = bucket_of(static_cast<Key>(beginning_[s]));
      if (s + 1 < count_ && bucket_of(static_cast<Key>(beginning_[s + 1])) != bucket) {
        end = s + 1;
      }
      slot_of_bucket_[bucket] = s;
      group_end_[s] = end;
    }
  }

  index_t count() const { return count_; }

  /// The ranks of a slot are [first_rank(s), end_rank(s)).
  index_t first_rank(index_t s) const { return first_[s]; }
  index_t end_rank(index_t s) const { return s + 1 < count_ ? first_[s + 1] : ranks_; }

  key_beginnings<Key> beginnings() const
  {
    return {mask_, vector_view<index_t const>(beginning_, count_)};
  }

  /// The slot of a key, or -1.
  index_t slot_of(Key of) const
  {
    Key const beginning = of & mask_;
    index_t low = slot_of_bucket_[bucket_of(of)];
    if (low < 0) { return -1; }
    for (index_t high = group_end_[low]; high - low > 1;) {
      index_t const middle = low + (high - low) / 2;
      (static_cast<Key>(beginning_[middle]) <= beginning ? low : high) = middle;
    }
    return static_cast<Key>(beginning_[low]) == beginning ? low : -1;
  }

  static constexpr index_t bucket_of(Key of)
  {
    return static_cast<index_t>(of >> (8 * static_cast<int>(sizeof(Key)) - digit_bits));
  }

 private:
  index_t ranks_, count_ = 1;
  Key mask_ = 0;             // of the bits known
  index_t* slot_of_bucket_;  // the first slot of a first digit, or -1
  // Of slots:
  index_t* beginning_;  // of the keys of its scores, the bits known
  index_t* group_end_;  // of the first of a group: where it ends
  index_t* first_;      // rank
};

}  // namespace prefopt::detail
