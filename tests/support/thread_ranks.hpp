// SPDX-License-Identifier: MIT
#pragma once
/// \file  A communicator made of host threads, for tests of collectives without MPI.

#include <barrier>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

#include <prefopt/core/communicator.hpp>

namespace prefopt::test {

class thread_ranks {
 public:
  explicit thread_ranks(int size) : mine_(static_cast<std::size_t>(size)), sync_(size) {}

  class member {
   public:
    member(thread_ranks& group, int rank) : group_(&group), rank_(rank) {}

    int rank() const { return rank_; }
    int size() const { return static_cast<int>(group_->mine_.size()); }
    void all_gather_bytes(void const* mine, std::size_t bytes, void* all) const
    {
      group_->mine_[static_cast<std::size_t>(rank_)] = mine;
      group_->sync_.arrive_and_wait();
      for (std::size_t r = 0; bytes != 0 && r < group_->mine_.size(); ++r) {
        std::memcpy(static_cast<char*>(all) + r * bytes, group_->mine_[r], bytes);
      }
      group_->sync_.arrive_and_wait();
    }

   private:
    thread_ranks* group_;
    int rank_;
  };

  /// Runs `body(member)` on every rank at once.
  template <class Body>
  void launch(Body body)
  {
    std::vector<std::thread> threads;
    for (std::size_t r = 0; r < mine_.size(); ++r) {
      threads.emplace_back([this, r, &body] { body(member(*this, static_cast<int>(r))); });
    }
    for (auto& thread : threads) { thread.join(); }
  }

 private:
  std::vector<void const*> mine_;
  std::barrier<> sync_;
};
static_assert(communicator<thread_ranks::member>);

}  // namespace prefopt::test
