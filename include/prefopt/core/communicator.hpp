// SPDX-License-Identifier: MIT
#pragma once
/// \file  The communicator concept: how statistics reach the other ranks; and its one-rank model.

#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/mergeable.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// Ranks that call the same functions in the same order.
///
/// `all_gather_bytes(mine, bytes, all)` writes `bytes` bytes of every rank to `all`, in rank order,
/// on every rank; `bytes` is the same on all of them, and 0 is allowed. It returns when `all` may
/// be read and throws where the transport fails. Everything below is built on this one call.
/// Models: `serial_communicator`, `mpi_communicator`, `nccl_communicator` (adapters/).
template <class Communicator>
concept communicator =
    requires(Communicator const& ranks, void const* mine, std::size_t bytes, void* all) {
      { ranks.rank() } -> std::same_as<int>;
      { ranks.size() } -> std::same_as<int>;
      ranks.all_gather_bytes(mine, bytes, all);
    };

/// The only rank of one.
struct serial_communicator {
  static constexpr int rank() { return 0; }
  static constexpr int size() { return 1; }
  static void all_gather_bytes(void const* mine, std::size_t bytes, void* all)
  {
    if (bytes != 0) { std::memcpy(all, mine, bytes); }
  }
};
static_assert(communicator<serial_communicator>);

/// all[r] = the value of rank r, on every rank; `all` is resized to the number of ranks.
template <communicator Communicator, class T>
  requires std::is_trivially_copyable_v<T>
void all_gather(Communicator const& ranks, T const& mine, std::vector<T>& all)
{
  all.resize(static_cast<std::size_t>(ranks.size()));
  ranks.all_gather_bytes(&mine, sizeof(T), all.data());
}

/// The statistic of all ranks, merged in rank order, so that every rank gets the same bits.
///
/// Collective. Allocates one statistic per rank; meant for once a step, not once a sample.
template <communicator Communicator, mergeable_state Statistic>
  requires std::is_trivially_copyable_v<Statistic>
Statistic merge_over_ranks(Communicator const& ranks, Statistic const& mine)
{
  std::vector<Statistic> all;
  all_gather(ranks, mine, all);
  Statistic total{};
  for (Statistic const& each : all) { total.merge(each); }
  return total;
}

/// Columns of all ranks end to end, in rank order. Reuse one from step to step: its memory grows to
/// the largest batch seen and stays.
struct gathered_column {
  std::vector<double> value;   ///< element i of rank r is value[first[r] + i]
  std::vector<index_t> first;  ///< ranks + 1 offsets

  // Scratch: elements of each rank, and columns padded to one length.
  std::vector<index_t> count;
  std::vector<double> padded_mine, padded;

  index_t size() const { return static_cast<index_t>(value.size()); }
};

/// Gathers a column whose length may differ from rank to rank, 0 included. Collective.
template <communicator Communicator>
void all_gather_column(Communicator const& ranks, vector_view<double const> mine,
                       gathered_column& all)
{
  all_gather(ranks, mine.size(), all.count);
  index_t longest = 0;
  all.first.assign(1, 0);
  for (index_t const n : all.count) {
    longest = max(longest, n);
    all.first.push_back(all.first.back() + n);
  }
  // Padded to one length, since that is all that NCCL gathers.
  auto const width = static_cast<std::size_t>(longest);
  all.padded_mine.assign(width, 0);
  for (index_t i = 0; i < mine.size(); ++i) {
    all.padded_mine[static_cast<std::size_t>(i)] = mine[i];
  }
  all.padded.resize(width * all.count.size());
  ranks.all_gather_bytes(all.padded_mine.data(), width * sizeof(double), all.padded.data());
  all.value.clear();
  for (std::size_t r = 0; r < all.count.size(); ++r) {
    auto const begin = all.padded.begin() + static_cast<std::ptrdiff_t>(r * width);
    all.value.insert(all.value.end(), begin, begin + all.count[r]);
  }
}

/// Throws `std::invalid_argument` for the first NaN, naming rank and sample. After the gathering,
/// so that every rank throws: one that threw alone would leave the others waiting.
inline void require_no_nan(char const* function, char const* what, gathered_column const& column)
{
  for (std::size_t rank = 0; rank + 1 < column.first.size(); ++rank) {
    for (index_t i = column.first[rank]; i < column.first[rank + 1]; ++i) {
      double const x = column.value[static_cast<std::size_t>(i)];
      if (x != x) {
        detail::throw_invalid(function,
                              std::string(what) + " of sample " +
                                  std::to_string(i - column.first[rank]) + " of rank " +
                                  std::to_string(rank),
                              "a number", "NaN");
      }
    }
  }
}

}  // namespace prefopt
