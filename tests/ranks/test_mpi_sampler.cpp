// SPDX-License-Identifier: MIT
/// \file  The sampler over the ranks of MPI: the batches of one process, and every sample of an
/// epoch once; a run goes on with the state of another rank. Exits with 0 on all ranks, and says
/// what differs otherwise.

#include <prefopt/adapters/mpi.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <type_traits>
#include <vector>

#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

namespace {

using namespace prefopt;
using column = std::vector<index_t>;

template <class T>
std::vector<T> gathered(mpi_communicator const& ranks, std::vector<T> const& mine)
{
  std::vector<T> all(mine.size() * static_cast<std::size_t>(ranks.size()));
  ranks.all_gather_bytes(mine.data(), mine.size() * sizeof(T), all.data());
  return all;
}

template <class Schedule>
int failures(mpi_communicator const& ranks, Schedule const& schedule, bool by_length)
{
  constexpr index_t samples = 307, batch = 6, window = 8 * batch;
  column order(samples), offsets(3 + 1), workspace(length_workspace(window)),
      other_workspace(length_workspace(window));
  rank_at_random(1, order);
  levels_of_equal_size(samples, offsets);
  std::vector<std::int32_t> lengths;
  for (index_t i = 0; i < samples; ++i) {
    lengths.push_back(static_cast<std::int32_t>(i * 7919 % 512));
  }
  sampler_options mine{.batch = batch, .seed = 4}, other = mine;
  if (by_length) {
    mine.lengths = {lengths, window, workspace};
    other.lengths = {lengths, window, other_workspace};
  }
  curriculum_sampler sampler(schedule, order, offsets, mine);
  curriculum_sampler alone(schedule, order, offsets, other);

  int found = 0;
  auto const expect = [&](bool holds, char const* what) {
    if (holds) { return; }
    ++found;
    std::fprintf(stderr, "rank %d of %d: %s\n", ranks.rank(), ranks.size(), what);
  };
  shard const me{ranks.rank(), ranks.size()};
  column seen(samples);
  std::size_t step = 0;
  while (!alone.done()) {
    // A restart: each rank goes on with the state that the next one saved.
    if (++step % 5 == 0) {
      auto const states = gathered(ranks, std::vector<sampler_state>{sampler.state()});
      curriculum_sampler resumed(schedule, order, offsets, mine);
      resumed.restore(states[static_cast<std::size_t>((ranks.rank() + 1) % ranks.size())]);
      sampler = resumed;
    }
    column indices(batch, -1), expected(batch, -1);
    drawn_batch const drawn = sampler.next(indices, me);
    drawn_batch const whole = alone.next(expected);
    expected.resize(static_cast<std::size_t>(whole.size));
    for (std::size_t i = static_cast<std::size_t>(drawn.count); i < indices.size(); ++i) {
      indices[i] = -1;
    }
    column together;
    for (index_t const i : gathered(ranks, indices)) {
      if (i >= 0) { together.push_back(i); }
    }
    expect(together == expected, "the slices of a batch are not the batch of one process");
    expect(sampler.state() == alone.state(), "the states differ");
    for (index_t const i : together) { seen[static_cast<std::size_t>(i)] += 1; }
  }
  expect(sampler.done(), "the run is not over");
  index_t least = samples, most = 0, total = 0;
  for (index_t const count : seen) {
    least = min(least, count), most = max(most, count), total += count;
  }
  if constexpr (std::is_same_v<Schedule, one_pass>) {
    expect(least == schedule.epochs && most == schedule.epochs, "not every sample once an epoch");
  } else {  // beside its own level's epoch, at most once for each of the three levels
    expect(least >= 1 && most <= 4 && total > samples, "a sample came too rarely or too often");
  }
  return found;
}

}  // namespace

int main(int count, char** arguments)
{
  MPI_Init(&count, &arguments);
  int result = 1;
  try {
    mpi_communicator const ranks(MPI_COMM_WORLD);
    // CTest says how many there should be, lest an mpiexec of another MPI starts single ones.
    int const wanted = count > 1 ? std::stoi(arguments[1]) : 1;
    int mine = 1;
    if (ranks.size() == wanted) {
      mine = failures(ranks, one_pass{.epochs = 2}, false) +
             failures(ranks, one_pass{.epochs = 2}, true) +
             failures(ranks, look_back{.share = 0.5}, false);
    } else {
      std::fprintf(stderr, "%d ranks, not %d\n", ranks.size(), wanted);
    }
    MPI_Allreduce(&mine, &result, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return result == 0 ? 0 : 1;
}
