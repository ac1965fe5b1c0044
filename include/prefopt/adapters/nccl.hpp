// SPDX-License-Identifier: MIT
#pragma once
/// \file  The ranks of an NCCL communicator. Host code: needs nccl.h and the CUDA runtime, no nvcc.

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <prefopt/core/communicator.hpp>
#include <prefopt/core/error.hpp>

namespace prefopt {

/// Gathers host bytes with `ncclAllGather`, through device memory that the caller lends.
///
/// `staging` is device memory of `staging_bytes` bytes, the same number on every rank and at least
/// one for each; what does not fit at once goes in parts, so 64 KiB serve every statistic and any
/// batch. All work is enqueued on `stream`, which is synchronised before the call returns. Borrows
/// everything. Throws `std::runtime_error` with NCCL's or CUDA's own text where a call fails.
class nccl_communicator {
 public:
  /// Throws `std::invalid_argument` where the staging memory is too small.
  nccl_communicator(ncclComm_t group, cudaStream_t stream, void* staging, std::size_t staging_bytes)
      : group_(group), stream_(stream), staging_(static_cast<char*>(staging))
  {
    check("ncclCommUserRank", ncclCommUserRank(group, &rank_));
    check("ncclCommCount", ncclCommCount(group, &size_));
    part_ = staging_bytes / static_cast<std::size_t>(size_);
    if (staging == nullptr || part_ == 0) {
      detail::throw_invalid("nccl_communicator", "staging",
                            "device memory of at least " + std::to_string(size_) + " bytes",
                            std::to_string(staging == nullptr ? 0 : staging_bytes));
    }
  }

  int rank() const { return rank_; }
  int size() const { return size_; }

  void all_gather_bytes(void const* mine, std::size_t bytes, void* all) const
  {
    for (std::size_t done = 0; done < bytes; done += part_) {
      std::size_t const now = std::min(part_, bytes - done);
      char* const slot = staging_ + static_cast<std::size_t>(rank_) * now;
      check("cudaMemcpyAsync", cudaMemcpyAsync(slot, static_cast<char const*>(mine) + done, now,
                                               cudaMemcpyHostToDevice, stream_));
      check("ncclAllGather", ncclAllGather(slot, staging_, now, ncclInt8, group_, stream_));
      check("cudaMemcpy2DAsync",
            cudaMemcpy2DAsync(static_cast<char*>(all) + done, bytes, staging_, now, now,
                              static_cast<std::size_t>(size_), cudaMemcpyDeviceToHost, stream_));
    }
    check("cudaStreamSynchronize", cudaStreamSynchronize(stream_));
  }

 private:
  static void check(char const* call, ncclResult_t status)
  {
    if (status != ncclSuccess) { fail(call, ncclGetErrorString(status)); }
  }
  static void check(char const* call, cudaError_t status)
  {
    if (status != cudaSuccess) { fail(call, cudaGetErrorString(status)); }
  }
  [[noreturn]] static void fail(char const* call, char const* text)
  {
    throw std::runtime_error("prefopt::nccl_communicator: " + std::string(call) + ": " + text);
  }

  ncclComm_t group_;
  cudaStream_t stream_;
  char* staging_;
  std::size_t part_ = 0;
  int rank_ = 0;
  int size_ = 1;
};
static_assert(communicator<nccl_communicator>);

}  // namespace prefopt
