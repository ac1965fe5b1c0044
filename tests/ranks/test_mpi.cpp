// SPDX-License-Identifier: MIT
/// \file  Batch statistics, the losses that rest on them, and scores over the ranks of MPI: the
/// bits of one rank. Exits with 0 on all ranks, and says what differs otherwise. No Catch2: it
/// would speak once for each rank.

#include <prefopt/adapters/mpi.hpp>

#include <climits>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "support/coupled_losses.hpp"
#include "support/errors.hpp"
#include "support/rank_scores.hpp"
#include "support/rank_statistics.hpp"

namespace {

int failures(prefopt::mpi_communicator const& ranks)
{
  int found = 0;
  auto const expect = [&](bool holds, std::string const& what) {
    if (holds) { return; }
    ++found;
    std::fprintf(stderr, "rank %d of %d: %s\n", ranks.rank(), ranks.size(), what.c_str());
  };
  for (prefopt::index_t const size : {0, 3, 64, 193, 4096}) {
    auto const wrong = prefopt::test::differences_from_one_rank(ranks, size);
    expect(wrong.empty(), "batch of " + std::to_string(size) + ": " + wrong);
  }
  for (std::size_t const size : {1u, 3u, 64u, 193u}) {
    auto const wrong = prefopt::test::losses_that_differ_from_one_rank(ranks, size);
    expect(wrong.empty(), "losses of a batch of " + std::to_string(size) + ": " + wrong);
  }
  for (prefopt::index_t const samples : {0, 1, 63, 5000}) {
    auto const wrong = prefopt::test::scores_that_differ_from_one_rank(ranks, samples);
    expect(wrong.empty(), "scores of " + std::to_string(samples) + " samples: " + wrong);
  }

  auto const too_long = error_of<std::invalid_argument>(
      [&] { ranks.all_gather_bytes(nullptr, static_cast<std::size_t>(INT_MAX) + 1, nullptr); });
  expect(mentions(too_long, {"mpi_communicator", "bytes", "2147483648"}), too_long);

  // A call that MPI refuses: the communicator's handler decides that it returns.
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  auto const refused =
      error_of<std::runtime_error>([&] { prefopt::mpi_communicator{MPI_COMM_NULL}; });
  expect(mentions(refused, {"mpi_communicator", "MPI_Comm_rank"}), refused);
  return found;
}

}  // namespace

int main(int count, char** arguments)
{
  MPI_Init(&count, &arguments);
  int result = 1;
  try {
    prefopt::mpi_communicator const ranks(MPI_COMM_WORLD);
    // CTest says how many there should be, lest an mpiexec of another MPI starts single ones.
    int const wanted = count > 1 ? std::stoi(arguments[1]) : 1;
    int const mine = ranks.size() == wanted ? failures(ranks) : 1;
    if (ranks.size() != wanted) {
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
