// SPDX-License-Identifier: MIT
#pragma once
/// \file  The ranks of an MPI communicator.

#include <mpi.h>

#include <climits>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <prefopt/core/communicator.hpp>
#include <prefopt/core/error.hpp>

namespace prefopt {

/// Gathers with `MPI_Allgather`. Borrows the communicator: between MPI_Init and MPI_Finalize, of
/// one group, not an intercommunicator.
///
/// Throws `std::runtime_error` with MPI's own text where a call fails, which MPI only reports once
/// the communicator's error handler is `MPI_ERRORS_RETURN`; by default it ends the program.
class mpi_communicator {
 public:
  explicit mpi_communicator(MPI_Comm group) : group_(group)
  {
    check("MPI_Comm_rank", MPI_Comm_rank(group, &rank_));
    check("MPI_Comm_size", MPI_Comm_size(group, &size_));
  }

  int rank() const { return rank_; }
  int size() const { return size_; }

  /// Throws `std::invalid_argument` for more than 2^31 - 1 bytes.
  void all_gather_bytes(void const* mine, std::size_t bytes, void* all) const
  {
    if (bytes > static_cast<std::size_t>(INT_MAX)) {
      detail::throw_invalid("mpi_communicator", "bytes", "at most " + std::to_string(INT_MAX),
                            std::to_string(bytes));
    }
    int const count = static_cast<int>(bytes);
    check("MPI_Allgather", MPI_Allgather(mine, count, MPI_BYTE, all, count, MPI_BYTE, group_));
  }

 private:
  static void check(char const* call, int status)
  {
    if (status == MPI_SUCCESS) { return; }
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    MPI_Error_string(status, text, &length);
    throw std::runtime_error("prefopt::mpi_communicator: " + std::string(call) + ": " +
                             std::string(text, static_cast<std::size_t>(length)));
  }

  MPI_Comm group_;
  int rank_ = 0;
  int size_ = 1;
};
static_assert(communicator<mpi_communicator>);

}  // namespace prefopt
