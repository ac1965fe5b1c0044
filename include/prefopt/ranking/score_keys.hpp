// SPDX-License-Identifier: MIT
#pragma once
/// \file  Reads a column of scores as sortable whole numbers, block by block.

#include <cstdint>
#include <cstring>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/order_key.hpp>

namespace prefopt::detail {

constexpr index_t key_block = 512;  ///< keys at a time: 4 KiB at most

/// Calls visit(first, keys, n) for the keys of the scores [first, first + n), one block after the
/// other in [begin, end), until it returns false. `Target` keeps the loops of files that were
/// compiled differently apart.
template <class Target, class Real, class Visit>
void for_key_blocks(vector_view<Real const> scores, index_t begin, index_t end, Visit const& visit)
{
  score_key<Real> keys[key_block];
  for (index_t first = begin; first < end; first += key_block) {
    index_t const n = min(key_block, end - first);
    if (n == key_block && scores.stride == 1) {
      Real const* const from = scores.data + first;
      for (index_t i = 0; i < key_block; ++i) { keys[i] = order_key(from[i]); }
    } else {
      for (index_t i = 0; i < n; ++i) { keys[i] = order_key(scores[first + i]); }
    }
    if (!visit(first, keys, n)) { return; }
  }
}

/// Keys that begin in given ways.
template <class Key>
struct key_beginnings {
  Key mask = 0;                     ///< of the bits that count
  vector_view<index_t const> keys;  ///< the bits, in their place; others are 0
};

constexpr index_t key_group_bytes = 64;

/// Whether one of a group of keys begins in one of `Few` ways.
template <class Target, int Few, class Key>
bool group_holds(Key const* keys, Key const* wanted, Key mask)
{
  constexpr index_t group = key_group_bytes / sizeof(Key);
  if constexpr (Target::has_packs) {
    constexpr index_t lanes = Target::vector_bytes / sizeof(Key);
    typedef Key vector __attribute__((vector_size(Target::vector_bytes)));
    vector found{};
    for (index_t i = 0; i < group; i += lanes) {
      vector some;
      std::memcpy(&some, keys + i, sizeof some);
      for (int s = 0; s < Few; ++s) { found |= (vector)(((some ^ wanted[s]) & mask) == 0); }
    }
    std::uint64_t words[sizeof found / 8], any = 0;
    std::memcpy(words, &found, sizeof found);
    for (std::uint64_t const word : words) { any |= word; }
    return any != 0;
  } else {
    bool any = false;
    for (index_t i = 0; i < group; ++i) {
      for (int s = 0; s < Few; ++s) { any |= ((keys[i] ^ wanted[s]) & mask) == 0; }
    }
    return any;
  }
}

/// Calls visit(slot, key, sample) for every key in [begin, end) that begins as
/// beginnings.keys[slot] does, until it returns false; there are `Few` of them. Most keys begin
/// otherwise.
template <class Target, int Few, class Real, class Visit>
void for_few_beginnings(vector_view<Real const> scores, index_t begin, index_t end,
                        key_beginnings<score_key<Real>> const& beginnings, Visit const& visit)
{
  using key = score_key<Real>;
  constexpr index_t group = key_group_bytes / sizeof(key);
  key const mask = beginnings.mask;
  key wanted[Few];
  for (int s = 0; s < Few; ++s) { wanted[s] = static_cast<key>(beginnings.keys[s]); }
  for_key_blocks<Target>(scores, begin, end, [&](index_t first, key const* keys, index_t n) {
    for (index_t from = 0; from < n; from += group) {
      index_t const to = min(from + group, n);
      if (to == from + group && !group_holds<Target, Few>(keys + from, wanted, mask)) { continue; }
      for (index_t i = from; i < to; ++i) {
        for (int s = 0; s < Few; ++s) {
          bool const begins_so = ((keys[i] ^ wanted[s]) & mask) == 0;
          if (begins_so && !visit(s, keys[i], first + i)) { return false; }
        }
      }
    }
    return true;
  });
}

/// The same for any number of them; `find(key)` gives the slot of a key, or -1.
template <class Target, class Real, class Find, class Visit>
void for_keys_that_begin(vector_view<Real const> scores, index_t begin, index_t end,
                         key_beginnings<score_key<Real>> const& beginnings, Find const& find,
                         Visit const& visit)
{
  using key = score_key<Real>;
  switch (beginnings.keys.size()) {
    case 1:
      return for_few_beginnings<Target, 1>(scores, begin, end, beginnings, visit);
    case 2:
      return for_few_beginnings<Target, 2>(scores, begin, end, beginnings, visit);
    case 3:
      return for_few_beginnings<Target, 3>(scores, begin, end, beginnings, visit);
    case 4:
      return for_few_beginnings<Target, 4>(scores, begin, end, beginnings, visit);
    default:
      break;
  }
  for_key_blocks<Target>(scores, begin, end, [&](index_t first, key const* keys, index_t n) {
    for (index_t i = 0; i < n; ++i) {
      index_t const slot = find(keys[i]);
      if (slot >= 0 && !visit(slot, keys[i], first + i)) { return false; }
    }
    return true;
  });
}

}  // namespace prefopt::detail
