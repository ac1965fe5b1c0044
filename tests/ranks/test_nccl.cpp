// SPDX-License-Identifier: MIT
/// \file  The NCCL communicator without NCCL, CUDA or a device: their calls are stood in for, with
/// threads as ranks and host memory as the device's. It tests what the adapter does, in parts of
/// any size; that NCCL does what it says is NCCL's to test.

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/adapters/nccl.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/rank_statistics.hpp"
#include "support/thread_ranks.hpp"

struct ncclComm {
  prefopt::test::thread_ranks::member self;
  bool fails = false;
};

extern "C" {

ncclResult_t ncclCommUserRank(ncclComm_t const comm, int* rank)
{
  *rank = comm->self.rank();
  return ncclSuccess;
}
ncclResult_t ncclCommCount(ncclComm_t const comm, int* count)
{
  *count = comm->self.size();
  return ncclSuccess;
}
ncclResult_t ncclAllGather(void const* mine, void* all, std::size_t count, ncclDataType_t type,
                           ncclComm_t comm, cudaStream_t)
{
  if (comm->fails || type != ncclInt8) { return ncclSystemError; }
  // Through memory of its own, as `mine` may lie in `all`.
  std::vector<char> gathered(count * static_cast<std::size_t>(comm->self.size()));
  comm->self.all_gather_bytes(mine, count, gathered.data());
  std::memcpy(all, gathered.data(), gathered.size());
  return ncclSuccess;
}
char const* ncclGetErrorString(ncclResult_t)
{
  return "as NCCL puts it";
}
cudaError_t cudaMemcpyAsync(void* to, void const* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t)
{
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, void const* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind, cudaStream_t)
{
  for (std::size_t row = 0; row < height; ++row) {
    std::memcpy(static_cast<char*>(to) + row * to_pitch,
                static_cast<char const*>(from) + row * from_pitch, width);
  }
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t)
{
  return cudaSuccess;
}
char const* cudaGetErrorString(cudaError_t)
{
  return "as CUDA puts it";
}

}  // extern "C"

TEST_CASE("NCCL's ranks get the bits of one rank through staging memory of any size", "[nccl]")
{
  for (int const size : {1, 2, 4}) {
    for (std::size_t const staging_bytes : {std::size_t{37}, std::size_t{1} << 20}) {
      std::vector<std::string> wrong(static_cast<std::size_t>(size));
      prefopt::test::thread_ranks group(size);
      group.launch([&](prefopt::test::thread_ranks::member const& self) {
        ncclComm comm{self};
        std::vector<char> staging(staging_bytes);
        prefopt::nccl_communicator const ranks(&comm, nullptr, staging.data(), staging_bytes);
        wrong[static_cast<std::size_t>(self.rank())] =
            prefopt::test::differences_from_one_rank(ranks, 64);
      });
      for (auto const& text : wrong) { CHECK(text == ""); }
    }
  }
}

TEST_CASE("NCCL's failures and staging memory that is too small are errors", "[nccl]")
{
  prefopt::test::thread_ranks group(1);
  ncclComm comm{{group, 0}};
  char staging[8];
  auto const make = [&](void* memory, std::size_t bytes) {
    return prefopt::nccl_communicator(&comm, nullptr, memory, bytes);
  };
  CHECK(mentions(error_of<std::invalid_argument>([&] { make(staging, 0); }),
                 {"nccl_communicator", "staging", "at least 1 bytes", "0"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] { make(nullptr, 8); }), {"staging"}));
  comm.fails = true;
  int all = 0;
  CHECK(mentions(error_of<std::runtime_error>(
                     [&] { make(staging, 8).all_gather_bytes(&all, sizeof all, &all); }),
                 {"ncclAllGather", "as NCCL puts it"}));
}
