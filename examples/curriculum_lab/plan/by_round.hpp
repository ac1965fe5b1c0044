// SPDX-License-Identifier: MIT
#pragma once
/// \file  Schedules whose caller changes them after every round, as one schedule.

#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "curriculum_lab/data/parse.hpp"
#include "curriculum_lab/plan/erased.hpp"
#include "curriculum_lab/plan/parameters.hpp"

namespace curriculum_lab {

/// Round k runs as rounds[min(k, last)] says.
template <class Schedule>
struct schedule_by_round {
  Schedule const* rounds = nullptr;
  index_t known = 0;
  index_t count = 0;

  index_t phases(level_view) const { return count; }
  index_t epochs_of(index_t, level_view) const { return 1; }
  open_part part(index_t phase, index_t j, level_view levels) const
  {
    return rounds[prefopt::min(phase, known - 1)].part(0, j, levels);
  }
  friend bool operator==(schedule_by_round const&, schedule_by_round const&) = default;
};

/// `opened[k]` is what the caller has opened (level or share) in round k; the last holds for the
/// rest of --rounds.
template <class Schedule>
schedule_by_round<Schedule> by_round(keeper& values, Schedule const& schedule,
                                     std::vector<double> const& opened, std::string const& option,
                                     parameters& given)
{
  if (opened.empty()) { fail(option, "one number for each round", "none"); }
  std::vector<Schedule> rounds;
  for (double const x : opened) {
    Schedule round = schedule;
    if constexpr (requires { round.level; }) {
      if (!(x >= 0 && x < 1e9 && x == std::floor(x))) {
        fail(option, "whole numbers of 0 or more", std::to_string(x));
      }
      round.level = static_cast<index_t>(x);
    } else {
      round.share = x;
    }
    rounds.push_back(round);
  }
  auto const known = static_cast<index_t>(rounds.size());
  return {values.keep(std::move(rounds))->data(), known, given.count("rounds", known)};
}

}  // namespace curriculum_lab
