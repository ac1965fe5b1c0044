// SPDX-License-Identifier: MIT
#pragma once
/// \file  Sorting of samples by their scores as words of half a score and an index.

#include <algorithm>
#include <cstdint>
#include <utility>

#include <prefopt/core/math.hpp>
#include <prefopt/core/radix_sort.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/order_key.hpp>

namespace prefopt::detail {

/// Sorts words in place: most significant digit first, each word moved to its digit's
/// place along cycles (American flag sort: McIlroy, Bostic, McIlroy, "Engineering radix sort",
/// 1993), small pieces by comparison. The words agree in the bits from `top` on.
inline void flag_sort(std::uint64_t* words, index_t n, int top = 64)
{
  constexpr int bits = 8;
  constexpr index_t small = 192, buckets = index_t(1) << bits;
  if (n <= small) {
    std::sort(words, words + n);
    return;
  }
  int const shift = top - bits;
  auto const digit = [shift](std::uint64_t word) {
    return static_cast<index_t>((word >> shift) & (buckets - 1));
  };
  index_t next[buckets], end[buckets] = {};
  for (index_t i = 0; i < n; ++i) { ++end[digit(words[i])]; }
  for (index_t b = 0, begin = 0; b < buckets; ++b) {
    next[b] = begin;
    end[b] = begin += end[b];
  }
  for (index_t b = 0; b < buckets; ++b) {
    while (next[b] < end[b]) {
      std::uint64_t word = words[next[b]];
      for (index_t d = digit(word); d != b; d = digit(word)) { std::swap(word, words[next[d]++]); }
      words[next[b]++] = word;
    }
  }
  for (index_t b = 0, begin = 0; b < buckets; begin = end[b++]) {
    if (shift > 0) { flag_sort(words + begin, end[b] - begin, shift); }
  }
}

constexpr std::uint64_t index_bits = 0xffffffffu;
constexpr index_t most_indexed_words = index_t(1) << 32;

/// The high or the low 32 bits of a sample's key above its index: these words in ascending order
/// are the samples in that of the bits, ties by index.
template <int Shift, class Real>
std::uint64_t score_word(vector_view<Real const> score, std::uint64_t sample)
{
  auto const key = static_cast<std::uint64_t>(order_key(score[static_cast<index_t>(sample)]));
  return ((key >> Shift) << 32) | sample;
}

/// Sorts n samples by score, ties by index, within their memory, where they are words meanwhile.
template <class Real>
void rank_words_in_place(vector_view<Real const> score, std::uint64_t* words, index_t n)
{
  constexpr int high = sizeof(Real) == 4 ? 0 : 32;
  for (index_t i = 0; i < n; ++i) { words[i] = score_word<high>(score, words[i]); }
  flag_sort(words, n);
  for (index_t begin = 0, end = 0; begin < n; begin = end) {
    std::uint64_t const bits = words[begin] >> 32;
    for (; end < n && words[end] >> 32 == bits; ++end) { words[end] &= index_bits; }
    if constexpr (sizeof(Real) == 8) {
      if (end - begin == 1) { continue; }
      for (index_t r = begin; r < end; ++r) { words[r] = score_word<0>(score, words[r]); }
      flag_sort(words + begin, end - begin);
      for (index_t r = begin; r < end; ++r) { words[r] &= index_bits; }
    }
  }
}

/// Ranks all samples with as much memory again: faster, since neighbours are read as neighbours.
template <class Real>
void rank_words(vector_view<Real const> score, std::uint64_t* words, std::uint64_t* other)
{
  index_t const n = score.size();
  auto const bits = [](std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); };
  for (index_t i = 0; i < n; ++i) {
    words[i] = score_word<0>(score, static_cast<std::uint64_t>(i));
  }
  std::uint64_t* sorted = radix_sort(words, other, n, bits);
  if constexpr (sizeof(Real) == 8) {
    for (index_t r = 0; r < n; ++r) { sorted[r] = score_word<32>(score, sorted[r] & index_bits); }
    sorted = radix_sort(sorted, sorted == words ? other : words, n, bits);
  }
  for (index_t r = 0; r < n; ++r) { words[r] = sorted[r] & index_bits; }
}

}  // namespace prefopt::detail
