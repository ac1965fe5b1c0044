// SPDX-License-Identifier: MIT
#pragma once
/// \file  Batches of samples of similar length, without a sample twice or missing.

#include <cstdint>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/hash.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/permutation.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/core/word_sort.hpp>

namespace prefopt {

/// Groups the samples of a batch by length: every `window` samples of an epoch's random order are
/// sorted by length (equal ones stay in the order drawn), cut into batches, and the batches
/// shuffled, as are the samples within a batch. What an epoch holds does not change; how far a
/// sample may move is `window`. A window never crosses an epoch. The one batch of an epoch that is
/// smaller comes last, with lengths from anywhere.
///
/// Off with a window of 0. A window is sorted once, in O(window), as long as the workspace stays
/// what it was. 50 batches are a usual window; padding falls little beyond.
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

/// One window of an epoch, sorted. Its `size` samples are at the positions from `first`.
struct length_window {
  vector_view<index_t> samples;  ///< by length
  std::uint64_t seed;            ///< of the window
  index_t first, batch;

  /// Writes the samples `begin` .. of the batch of `size` at a position of the epoch.
  void write(index_t position, index_t size, index_t begin, vector_view<index_t> out) const
  {
    index_t const full = samples.size() / batch, rest = samples.size() % batch;
    index_t const slot = (position - first) / batch;
    // The batches in order of length: `full` whole ones, and the smaller one, if any, at a random
    // place among them, lest it always be the longest samples.
    index_t const small = permutation(full + 1, derived_seed(seed, 0, 0))(0);
    index_t start = small * batch;
    if (slot < full) {
      index_t const whole = permutation(full, derived_seed(seed, 1, 0))(slot);
      start = whole * batch + (whole < small ? 0 : rest);
    }
    permutation const within(size, derived_seed(seed, 2, slot));
    constexpr index_t step = 256;
    for (index_t i = 0; i < out.size(); i += step) {
      index_t const part = min(step, out.size() - i);
      index_t places[step];
      for (index_t k = 0; k < part; ++k) { places[k] = begin + i + k; }
      within.apply(places, part);
      for (index_t k = 0; k < part; ++k) { out[i + k] = samples[start + places[k]]; }
    }
  }
};

/// The window of an epoch that holds `position`; sorts it unless the workspace holds it already.
/// `ranking` tells one ranking from another, and `fill(first, samples)` writes the samples at the
/// positions from `first`.
template <class Fill>
length_window window_at(length_grouping const& groups, std::uint64_t epoch_seed,
                        std::uint64_t ranking, index_t draws, index_t position, index_t batch,
                        Fill const& fill)
{
  index_t const number = position / groups.window, first = number * groups.window;
  index_t const size = min(groups.window, draws - first);
  std::uint64_t const seed = derived_seed(epoch_seed, -2, number);
  auto const column = [&](index_t k) { return groups.workspace.data + 4 + k * groups.window; };
  index_t *const held = groups.workspace.data, *const sorted = column(0);
  index_t const wanted[] = {static_cast<index_t>(epoch_seed ^ ranking), draws, number, size};
  bool is_held = true;
  for (index_t i = 0; i < 4; ++i) { is_held = is_held && held[i] == wanted[i]; }
  if (!is_held) {
    held[2] = -1;  // should anything throw
    vector_view<index_t> const samples(column(1), size);
    fill(first, samples);
    std::uint32_t largest = 0;
    for (index_t i = 0; i < size; ++i) {
      auto const length = static_cast<std::uint32_t>(groups.lengths[samples[i]]);
      largest = max(largest, length);
      sorted[i] = (index_t{length} << 32) | i;
    }
    index_t const* const keys = sort_by_upper_half(sorted, column(2), size, largest);
    for (index_t i = 0; i < size; ++i) { sorted[i] = samples[keys[i] & 0xFFFFFFFF]; }
    for (index_t i = 0; i < 4; ++i) { held[i] = wanted[i]; }
  }
  return {{sorted, size}, seed, first, batch};
}

}  // namespace detail

}  // namespace prefopt
