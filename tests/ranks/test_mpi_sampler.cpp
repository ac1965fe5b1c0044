// SPDX-License-Identifier: MIT
/// \file  The sampler over the ranks of MPI, with every schedule and mixture of the library: the
/// batches of one process, and every sample of an epoch as often as its parts say; a run goes on
/// with the state of another rank, and with another ranking between its phases. Exits with 0 on all
/// ranks, and says what differs otherwise.

#include <prefopt/adapters/mpi.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <prefopt/prefopt.hpp>

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

std::size_t at(index_t i)
{
  return static_cast<std::size_t>(i);
}

/// Whether an epoch drew every rank as often as the parts of its phase say.
bool drawn_as_said(schedule_ref const& schedule, index_t phase, level_view levels,
                   column const& order, column const& seen)
{
  column least(order.size()), most(order.size());
  for_each_part(schedule, phase, levels, [&](open_part part) {
    for (index_t r = part.first; r < part.last; ++r) {
      least[at(r)] += part.draws / part.size();
      most[at(r)] += (part.draws + part.size() - 1) / part.size();
    }
  });
  for (std::size_t r = 0; r < order.size(); ++r) {
    index_t const count = seen[at(order[r])];
    if (count < least[r] || count > most[r]) { return false; }
  }
  return true;
}

int failures(mpi_communicator const& ranks, char const* name, schedule_ref const& schedule,
             bool by_length)
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
    std::fprintf(stderr, "rank %d of %d, %s%s: %s\n", ranks.rank(), ranks.size(), name,
                 by_length ? " by length" : "", what);
  };
  shard const me{ranks.rank(), ranks.size()};
  column seen(samples);
  std::size_t step = 0;
  while (!alone.done()) {
    drawn_batch const next = alone.upcoming();
    if (next.begins_phase() && next.phase > 0) {
      std::vector<double> scores;
      for (index_t i = 0; i < samples; ++i) {
        scores.push_back(static_cast<double>(derived_seed(8, i, next.phase) % 99));
      }
      rerank_from(scores, order, alone.first_unopened());
      sampler.rerank(order);
      alone.rerank(order);
    }
    // A restart: each rank goes on with the state that the next one saved.
    if (++step % 5 == 0) {
      auto const states = gathered(ranks, std::vector<sampler_state>{sampler.state()});
      curriculum_sampler resumed(schedule, order, offsets, mine);
      resumed.restore(states[at((ranks.rank() + 1) % ranks.size())]);
      sampler = resumed;
    }
    column indices(batch, -1), expected(batch, -1);
    drawn_batch const drawn = sampler.next(indices, me);
    drawn_batch const whole = alone.next(expected);
    expected.resize(at(whole.size));
    for (std::size_t i = at(drawn.count); i < indices.size(); ++i) { indices[i] = -1; }
    column together;
    for (index_t const i : gathered(ranks, indices)) {
      if (i >= 0) { together.push_back(i); }
    }
    expect(together == expected, "the slices of a batch are not the batch of one process");
    expect(sampler.state() == alone.state(), "the states differ");
    for (index_t const i : together) { seen[at(i)] += 1; }
    if (alone.done() || alone.state().position == 0) {
      expect(drawn_as_said(schedule, whole.phase, {offsets}, order, seen),
             "a sample came too rarely or too often");
      seen.assign(samples, 0);
    }
  }
  expect(step > 0, "nothing was drawn");
  expect(sampler.done(), "the run is not over");
  return found;
}

int all_failures(mpi_communicator const& ranks)
{
  int found = 0;
  auto const run = [&](char const* name, auto const& schedule) {
    for (bool const by_length : {false, true}) {
      found += failures(ranks, name, schedule_ref::to(schedule), by_length);
    }
  };
  // One line for each header of curriculum/schedules and curriculum/mixture.
#define SCHEDULE(name) run(#name, prefopt::name{});
#define MIXTURE(name) run("mixture by " #name, prefopt::level_mixture{prefopt::name{}});
#include "all_schedules.inc"
  run("one_pass of two epochs", one_pass{.epochs = 2});
  run("look_back of more than everything", look_back{.share = 3.4});
  run("per_group of three", per_group<>{.groups = 3});
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
      mine = all_failures(ranks);
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
