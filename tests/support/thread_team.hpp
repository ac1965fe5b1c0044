// SPDX-License-Identifier: MIT
#pragma once
/// \file  A row executor made of host threads: the model of a CUDA thread block. Under
/// ThreadSanitizer a missing barrier in a row algorithm becomes a reported race.

#include <barrier>
#include <cstddef>
#include <thread>
#include <vector>

#include <prefopt/row/executor.hpp>

namespace prefopt::test {

/// `Barrier` false breaks the promise of `barrier()`, to show that the sanitizer would notice.
template <class State, bool Barrier = true>
class thread_team {
 public:
  explicit thread_team(int lanes) : partial_(static_cast<std::size_t>(lanes)), sync_(lanes) {}

  class lane {
   public:
    lane(thread_team& team, int id) : team_(&team), id_(id) {}

    template <class In, class Push>
    State reduce(In in, State state, Push push) const
    {
      for (index_t j = id_; j < in.size(); j += team_->size()) { push(state, in[j], j); }
      team_->partial_[static_cast<std::size_t>(id_)] = state;
      team_->sync_.arrive_and_wait();
      State total{};
      for (auto const& part : team_->partial_) { total.merge(part); }
      team_->sync_.arrive_and_wait();
      return total;
    }
    template <class In, class Out, class Map>
    void transform(In in, Out out, Map map) const
    {
      for (index_t j = id_; j < in.size(); j += team_->size()) { out[j] = map(in[j], j); }
    }
    void barrier() const
    {
      if constexpr (Barrier) { team_->sync_.arrive_and_wait(); }
    }

   private:
    thread_team* team_;
    int id_;
  };

  int size() const { return static_cast<int>(partial_.size()); }

  /// Runs `body(lane, lane id)` on every lane at once, as a kernel runs on every thread.
  template <class Body>
  void launch(Body body)
  {
    std::vector<std::thread> threads;
    for (int i = 0; i < size(); ++i) {
      threads.emplace_back([this, i, &body] {
        lane self(*this, i);
        body(self, i);
      });
    }
    for (auto& t : threads) { t.join(); }
  }

 private:
  std::vector<State> partial_;
  std::barrier<> sync_;
};

}  // namespace prefopt::test
