// SPDX-License-Identifier: MIT
#pragma once
/// \file  Merges many sorted runs, comparing log2(runs) times for each element.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <prefopt/config.hpp>

namespace prefopt::detail {

/// A tree of losers (Knuth, TAOCP 3, 5.4.1). Equal keys leave in the order of their runs.
template <class Key>
class loser_tree {
 public:
  /// `heads[r]` is the first key of run r; at least one run.
  explicit loser_tree(std::vector<Key> const& heads) : loser_(heads.size())
  {
    // loser_[n] lost the match of node n > 0, whose sons are 2n and 2n + 1; runs are the leaves
    // from heads.size() on.
    std::size_t const count = heads.size();
    std::vector<player> winner(2 * count);
    for (std::size_t n = 2 * count; n-- > 1;) {
      if (n >= count) {
        winner[n] = {heads[n - count], static_cast<std::uint32_t>(n - count)};
        continue;
      }
      bool const left = winner[2 * n].before(winner[2 * n + 1]);
      winner[n] = winner[left ? 2 * n : 2 * n + 1];
      loser_[n] = winner[left ? 2 * n + 1 : 2 * n];
    }
    best_ = winner[1];
  }

  /// The run with the lowest key.
  std::size_t best() const { return best_.run; }

  /// Gives that run its next key.
  void replace_best(Key next)
  {
    best_.key = next;
    for (std::size_t n = (best_.run + loser_.size()) / 2; n > 0; n /= 2) {
      if (loser_[n].before(best_)) { std::swap(loser_[n], best_); }
    }
  }

 private:
  struct player {
    Key key;
    std::uint32_t run;

    bool before(player const& other) const
    {
      return key < other.key || (key == other.key && run < other.run);
    }
  };

  player best_{};
  std::vector<player> loser_;
};

}  // namespace prefopt::detail
