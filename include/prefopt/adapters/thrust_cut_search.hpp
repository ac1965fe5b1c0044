// SPDX-License-Identifier: MIT
#pragma once
/// \file  The cut between two levels of scores that lie on a device, by Thrust's reductions.

#include <thrust/count.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/transform_reduce.h>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/level_cuts.hpp>
#include <prefopt/ranking/order_key.hpp>

namespace prefopt::detail {

constexpr int device_digit_bits = 4;

/// How many keys have each value of a digit.
struct digit_counts {
  index_t of[1 << device_digit_bits] = {};
};

struct add_digit_counts {
  PREFOPT_HD digit_counts operator()(digit_counts a, digit_counts const& b) const
  {
    for (int d = 0; d < 1 << device_digit_bits; ++d) { a.of[d] += b.of[d]; }
    return a;
  }
};

/// Counts the digit above `shift` of the keys that are `beginning` above it.
template <class Real>
struct count_digit {
  vector_view<Real const, device_memory> scores;
  score_key<Real> beginning;
  int shift;

  PREFOPT_HD digit_counts operator()(index_t i) const
  {
    auto const digits = order_key(scores[i]) >> shift;
    int const digit = static_cast<int>(digits & ((1 << device_digit_bits) - 1));
    bool const begins_so = digits >> device_digit_bits == beginning;
    digit_counts counts;
    for (int d = 0; d < 1 << device_digit_bits; ++d) {  // no index that memory would be needed for
      counts.of[d] = begins_so && d == digit ? 1 : 0;
    }
    return counts;
  }
};

template <class Real>
struct has_key {
  vector_view<Real const, device_memory> scores;
  score_key<Real> key;

  PREFOPT_HD bool operator()(index_t i) const { return order_key(scores[i]) == key; }
};

/// The cut at a rank, digit by digit of its score. What was counted for the rank before is not
/// counted again.
template <class Policy, class Real>
class device_cut_search {
 public:
  device_cut_search(Policy const& policy, vector_view<Real const, device_memory> scores)
      : policy_(policy), scores_(scores)
  {
  }

  level_cut<Real> operator()(index_t rank)
  {
    key found = 0;
    for (int depth = 0; depth < depths; ++depth) {
      counted& at = counted_[depth];
      if (!at.is_there || at.beginning != found) {
        at = {true, found, count(found, key_bits - (depth + 1) * device_digit_bits)};
      }
      int digit = 0;
      while (rank >= at.counts.of[digit]) { rank -= at.counts.of[digit++]; }
      found = static_cast<key>((found << device_digit_bits) | static_cast<key>(digit));
    }
    // Of the samples with this score the one that so many come before, by bisection.
    index_t begin = 0;
    for (index_t end = scores_.size(); end - begin > 1;) {
      index_t const middle = begin + (end - begin) / 2;
      index_t const before = thrust::count_if(policy_, samples_ + begin, samples_ + middle,
                                              has_key<Real>{scores_, found});
      if (rank < before) {
        end = middle;
      } else {
        rank -= before;
        begin = middle;
      }
    }
    return {score_of_key<Real>(found), begin};
  }

 private:
  using key = score_key<Real>;
  static constexpr int key_bits = 8 * static_cast<int>(sizeof(key));
  static constexpr int depths = key_bits / device_digit_bits;

  struct counted {
    bool is_there = false;
    key beginning = 0;
    digit_counts counts{};
  };

  digit_counts count(key beginning, int shift) const
  {
    return thrust::transform_reduce(policy_, samples_, samples_ + scores_.size(),
                                    count_digit<Real>{scores_, beginning, shift}, digit_counts{},
                                    add_digit_counts{});
  }

  Policy const& policy_;
  vector_view<Real const, device_memory> scores_;
  thrust::counting_iterator<index_t> samples_{0};
  counted counted_[depths];
};

}  // namespace prefopt::detail
