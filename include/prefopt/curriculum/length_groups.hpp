// SPDX-License-Identifier: MIT
#pragma once
/// \file  Batches of samples of similar length, without a sample twice or missing.

#include <cstdint>
#include <numeric>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/radix_sort.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// Groups the samples of a batch by length: every `window` samples of an epoch's random order are
/// sorted by length (equal ones stay in the order drawn), cut into batches, and the batches
/// shuffled; within a batch they are dealt so that any slice of it has all lengths of the batch.
/// What an epoch holds does not change; how far a sample may move is `window`. A window never
/// crosses an epoch. The one batch of an epoch that is smaller comes last, with lengths from
/// anywhere.
///
/// Off with a window of 0. A window is sorted once, in O(window), as long as the workspace stays
/// what it was. Drawing writes to the workspace, `peek` too: samplers of one thread may share it,
/// those of several may not. 50 batches are a usual window; padding falls little beyond.
struct length_grouping {
  vector_view<std::int32_t const> lengths;  ///< of every sample, by its index; any unit
  index_t window = 0;                       ///< samples sorted together, a multiple of the batch
  vector_view<index_t> workspace;           ///< `length_workspace(window)` elements, contiguous

  constexpr explicit operator bool() const { return window != 0; }
};

/// Elements of the workspace: the sorted window, room for sorting, and which window it is.
constexpr index_t length_workspace(index_t window)
{
  return 3 * window + 4;
}

namespace detail {

/// Throws `std::invalid_argument` for a grouping that cannot be, and empties its workspace.
inline void check_length_grouping(length_grouping const& groups, index_t samples, index_t batch)
{
  constexpr char const* name = "curriculum_sampler";
  require_extent(name, "lengths", samples, groups.lengths.size());
  if (groups.window < 0 || groups.window % batch != 0 || groups.window > INT32_MAX) {
    throw_invalid(name, "window", "a multiple of the batch, " + std::to_string(batch),
                  std::to_string(groups.window));
  }
  index_t const room = length_workspace(groups.window);
  if (groups.workspace.size() < room || groups.workspace.stride != 1) {
    throw_invalid(name, "column 'workspace'",
                  "at least " + std::to_string(room) + " contiguous elements",
                  std::to_string(groups.workspace.size()) + " with stride " +
                      std::to_string(groups.workspace.stride));
  }
  for (index_t i = 0; i < samples; ++i) {
    if (groups.lengths[i] < 0) {
      throw_invalid(name, "lengths[" + std::to_string(i) + "]", "0 or more",
                    std::to_string(groups.lengths[i]));
    }
  }
  for (index_t i = 0; i < 4; ++i) { groups.workspace[i] = -1; }
}

/// What the batches of a grouped run depend on beside the schedule.
inline std::uint64_t length_fingerprint(length_grouping const& groups, index_t batch)
{
  word_hash hash;
  hash.push(static_cast<std::uint64_t>(groups.window));
  hash.push(static_cast<std::uint64_t>(batch));
  for (index_t i = 0; i < groups.lengths.size(); ++i) {
    hash.push(static_cast<std::uint32_t>(groups.lengths[i]));
  }
  return hash.value();
}

/// One window of an epoch, sorted by length and cut into batches.
struct length_window {
  vector_view<index_t> samples;       ///< by length
  vector_view<index_t const> begins;  ///< of the batches in `samples`, in the order of the batches
  std::uint64_t seed;                 ///< of the window
  index_t first, batch;

  /// Writes the samples `begin` .. of the batch of `size` at a position of the epoch. A step of
  /// about the golden section goes through the batch, so that every rank's slice of it has short
  /// samples and long ones alike.
  void write(index_t position, index_t size, index_t begin, vector_view<index_t> out) const
  {
    index_t const slot = (position - first) / batch;
    index_t step = max(index_t{1}, (size * 618 + 500) / 1000);
    while (std::gcd(step, size) != 1) { ++step; }
    std::uint64_t const random = mix64(seed + static_cast<std::uint64_t>(slot));
    index_t place = (begin * step + static_cast<index_t>(random >> 32)) % size;
    for (index_t i = 0; i < out.size(); ++i) {
      out[i] = samples[begins[slot] + place];
      place += place < size - step ? step : step - size;
    }
  }
};

/// Writes where the batches of a sorted window begin: the whole ones in random order, and the
/// smaller one, if any, last, but from a random place among them, lest it always be the longest
/// samples.
inline void cut_window(std::uint64_t seed, index_t size, index_t batch, index_t* begins)
{
  index_t const full = size / batch, rest = size % batch;
  index_t const small = permutation(full + 1, derived_seed(seed, 0, 0))(0);
  for (index_t k = 0; k < full; ++k) { begins[k] = k; }
  permutation(full, derived_seed(seed, 1, 0)).apply(begins, full);
  for (index_t k = 0; k < full; ++k) {
    begins[k] = begins[k] * batch + (begins[k] < small ? 0 : rest);
  }
  if (rest > 0) { begins[full] = small * batch; }
}

/// The window of an epoch that holds `position`; sorts it unless the workspace holds it already.
/// `source` tells epochs over other samples, parts or lengths from each other, and `fill(first,
/// samples, use)` writes the samples at the positions from `first`, and calls use(i, count) when
/// samples i .. i + count - 1 are there.
template <class Fill>
length_window window_at(length_grouping const& groups, std::uint64_t epoch_seed,
                        std::uint64_t source, index_t draws, index_t position, index_t batch,
                        Fill const& fill)
{
  index_t const number = position / groups.window, first = number * groups.window;
  index_t const size = min(groups.window, draws - first);
  std::uint64_t const seed = derived_seed(epoch_seed, -2, number);
  auto const column = [&](index_t k) { return groups.workspace.data + 4 + k * groups.window; };
  index_t *const held = groups.workspace.data, *const sorted = column(0), *const begins = column(1);
  index_t const wanted[] = {static_cast<index_t>(source), draws, number, size};
  bool is_held = true;
  for (index_t i = 0; i < 4; ++i) { is_held = is_held && held[i] == wanted[i]; }
  if (!is_held) {
    held[2] = -1;  // should anything throw
    vector_view<index_t> const samples(column(1), size);
    std::uint32_t largest = 0;
    // A key holds the sample itself where there are not too many, else its place.
    bool const holds_sample = groups.lengths.size() <= index_t{1} << 32;
    auto const read_lengths = [&](index_t from, index_t count) {
      for (index_t i = from; i < from + count; ++i) {
        auto const length = static_cast<std::uint32_t>(groups.lengths[samples[i]]);
        largest = max(largest, length);
        sorted[i] = (index_t{length} << 32) | (holds_sample ? samples[i] : i);
      }
    };
    // As the sampler does with the ranking: the lengths are under way while others are read.
    index_t read = 0;
    fill(first, samples, [&](index_t from, index_t count) {
      for (index_t i = from; i < from + count; ++i) {
        __builtin_prefetch(&groups.lengths[samples[i]]);
      }
      read_lengths(read, from - read);
      read = from;
    });
    read_lengths(read, size - read);
    index_t const* const keys = radix_sort(
        sorted, column(2), size, [](index_t key) { return static_cast<std::uint32_t>(key >> 32); },
        largest);
    for (index_t i = 0; i < size; ++i) {
      index_t const low = keys[i] & 0xFFFFFFFF;
      sorted[i] = holds_sample ? low : samples[low];
    }
    cut_window(seed, size, batch, begins);
    for (index_t i = 0; i < 4; ++i) { held[i] = wanted[i]; }
  }
  return {{sorted, size}, {begins, groups.window}, seed, first, batch};
}

}  // namespace detail

}  // namespace prefopt
