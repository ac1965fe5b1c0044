// SPDX-License-Identifier: MIT
#pragma once
/// \file  The samples at given ranks without a sort: by counting the digits of their scores.

#include <bit>
#include <cstdint>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/key_slots.hpp>
#include <prefopt/ranking/order_key.hpp>
#include <prefopt/ranking/score_keys.hpp>

namespace prefopt::detail {

/// Host loop over chunks.
template <class Target>
struct run_on_host {
  template <class Body>
  void operator()(index_t chunks, Body const& body) const
  {
    int const threads = static_cast<int>(chunks);
    PREFOPT_PARALLEL_FOR(threads)
    for (index_t t = 0; t < chunks; ++t) { body(t); }
  }
};

/// Radix selection, most significant digit first (Knuth, TAOCP 3, 5.2.2). The first digit of all
/// scores is counted; each rank falls among the scores of one digit, which are its *slot*; the next
/// digit of the scores in slots is counted; and so on until the scores in every slot are equal or
/// one. Then these are looked for.
///
/// Samples go in `chunks` of neighbours, each with counts of its own: whole numbers, so that the
/// number of chunks changes nothing. Scores are read, and neither copied nor moved.
template <class Real, class Target>
class rank_selection {
 public:
  using key = score_key<Real>;

  /// Elements of memory.
  static constexpr index_t memory(index_t ranks, index_t chunks)
  {
    return slots::memory(ranks) + chunks * counts_of(ranks) + (4 + 2 * chunks) * ranks;
  }

  /// `ranks`, one or more, ascend from 0 and lie below the number of scores.
  rank_selection(vector_view<Real const> scores, vector_view<index_t const> ranks, index_t chunks,
                 vector_view<index_t> memory)
      : scores_(scores),
        ranks_(ranks.size()),
        chunks_(chunks),
        counts_(counts_of(ranks_)),
        slots_(ranks_, memory.data)
  {
    auto take = [free = memory.data + slots::memory(ranks_)](index_t elements) mutable {
      return std::exchange(free, free + elements);
    };
    count_ = take(chunks * counts_);
    slot_ = take(ranks_);
    begins_ = take(ranks_);
    left_ = take(ranks_);
    sample_ = take(ranks_);
    seen_ = take(chunks * ranks_);
    next_ = take(chunks * ranks_);
    for (index_t r = 0; r < ranks_; ++r) {
      left_[r] = ranks[r];
      slot_[r] = begins_[r] = 0;
    }
  }

  /// Calls run(chunks, body), which calls body(t) for every chunk, at once or in any order; and
  /// look_for_nan() once where scores may be NaN, that is, beside infinite ones.
  template <class Run, class Look>
  void find(Run const& run, Look const& look_for_nan)
  {
    for (bool found = false; !found; known_ += bits_, form_slots()) {
      auto const room =
          static_cast<int>(std::bit_width(static_cast<std::uint64_t>(counts_ / slots_.count()))) -
          1;
      bits_ = min(min(slots::digit_bits, key_bits - known_), room);
      run(chunks_, [this](index_t t) { count(t); });
      if (known_ == 0 && has_extremes()) { look_for_nan(); }
      found = descend() || known_ + bits_ == key_bits;
    }
    run(chunks_, [this](index_t t) { locate(t); });
  }

  /// The sample at the r-th of the ranks.
  index_t sample(index_t r) const { return sample_[r]; }

 private:
  static constexpr int key_bits = 8 * static_cast<int>(sizeof(key));
  using slots = key_slots<key, Target>;
  static constexpr index_t buckets = slots::buckets;

  /// Of a chunk: 8 MiB at most, except where a digit of one bit takes more.
  static constexpr index_t counts_of(index_t ranks)
  {
    return max(buckets * min(max(ranks, index_t(1)), index_t(16)), 2 * ranks);
  }

  index_t chunk_begin(index_t t) const
  {
    return scores_.size() / chunks_ * t + min(t, scores_.size() % chunks_);
  }

  void count(index_t t) const
  {
    index_t* const count = count_ + t * counts_;
    for (index_t b = 0; b < slots_.count() << bits_; ++b) { count[b] = 0; }
    if (known_ == 0) {
      for_key_blocks<Target>(scores_, chunk_begin(t), chunk_begin(t + 1),
                             [count](index_t, key const* keys, index_t n) {
                               for (index_t i = 0; i < n; ++i) {
                                 ++count[slots::bucket_of(keys[i])];
                               }
                               return true;
                             });
      return;
    }
    key const mask = static_cast<key>((key(1) << bits_) - 1);
    for_matches(t, [count, mask, bits = bits_, shift = key_bits - known_ - bits_](index_t slot,
                                                                                  key k, index_t) {
      ++count[(slot << bits) + static_cast<index_t>((k >> shift) & mask)];
      return true;
    });
  }

  /// Whether scores have the first digit of an infinity, or are beyond it.
  bool has_extremes() const
  {
    index_t const lowest = slots::bucket_of(order_key(-infinity_v<Real>));
    index_t const highest = slots::bucket_of(order_key(infinity_v<Real>));
    for (index_t t = 0; t < chunks_; ++t) {
      for (index_t b = 0; b < buckets; b = b == lowest ? highest : b + 1) {
        if (count_[t * counts_ + b] != 0) { return true; }
      }
    }
    return false;
  }

  /// One digit more of every rank's score. True if each of them is now that of one sample.
  bool descend() const
  {
    bool alone = true;
    index_t slot = -1, digit = 0, before = 0;
    for (index_t r = 0; r < ranks_; ++r) {
      if (slot_[r] != slot) {
        slot = slot_[r];
        digit = before = 0;
      }
      index_t here = total(slot, digit);
      while (left_[r] >= before + here) {
        before += here;
        here = total(slot, ++digit);
      }
      left_[r] -= before;
      begins_[r] |= static_cast<index_t>(static_cast<key>(digit) << (key_bits - known_ - bits_));
      alone = alone && here == 1;
      for (index_t t = 0, seen = 0; t < chunks_; ++t) {
        seen_[t * ranks_ + r] = seen;
        seen += count_[t * counts_ + (slot << bits_) + digit];
      }
    }
    return alone;
  }

  index_t total(index_t slot, index_t digit) const
  {
    index_t sum = 0;
    for (index_t t = 0; t < chunks_; ++t) { sum += count_[t * counts_ + (slot << bits_) + digit]; }
    return sum;
  }

  void form_slots()
  {
    slots_.form(static_cast<key>(~key(0) << (key_bits - known_)), begins_, slot_);
  }

  template <class Visit>
  void for_matches(index_t t, Visit const& visit) const
  {
    for_keys_that_begin<Target>(
        scores_, chunk_begin(t), chunk_begin(t + 1), slots_.beginnings(),
        [this](key of) { return slots_.slot_of(of); }, visit);
  }

  /// Finds the samples of ranks in a chunk: those of a slot are equal, or one, and come in order.
  void locate(index_t t) const
  {
    index_t* const seen =
        seen_ + t * ranks_;  // of a slot's first rank; before the chunk, then so far
    index_t* const next = next_ + t * ranks_;  // the slot's next rank to be found
    index_t wanted = 0;
    for (index_t s = 0; s < slots_.count(); ++s) {
      index_t const first = slots_.first_rank(s), end = slots_.end_rank(s);
      next[s] = first;
      seen[s] = seen[first];  // s <= first, which comes in no earlier slot
      while (next[s] < end && left_[next[s]] < seen[s]) { ++next[s]; }
      wanted += end - next[s];
    }
    if (wanted == 0) { return; }
    for_matches(t, [=, this, &wanted](index_t s, key, index_t i) {
      index_t const end = slots_.end_rank(s);
      for (; next[s] < end && left_[next[s]] == seen[s]; ++next[s], --wanted) {
        sample_[next[s]] = i;
      }
      ++seen[s];
      return wanted > 0;
    });
  }

  vector_view<Real const> scores_;
  index_t ranks_, chunks_, counts_;
  int known_ = 0, bits_ = 0;  // of every key: looked at so far; the digit that is counted
  slots slots_;
  index_t* count_;  // of digits: chunks x slots x 2^bits
  // Of ranks:
  index_t* slot_;
  index_t* begins_;  // its slot's beginning
  index_t* left_;    // its rank among the scores of its slot
  index_t* sample_;
  index_t* seen_;  // chunks x ranks: scores of the slot in earlier chunks
  index_t* next_;  // chunks x slots
};

}  // namespace prefopt::detail
