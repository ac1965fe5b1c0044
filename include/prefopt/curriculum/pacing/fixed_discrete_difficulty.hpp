// SPDX-License-Identifier: MIT
#pragma once
/// \file  DeepSpeed's `fixed_discrete`: a table of difficulties.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// difficulty[i] up to and including progress until[i], the last difficulty after that:
/// `fixed_discrete` of DeepSpeed's `curriculum_scheduler.py`, whose `max_step` is `until` times the
/// steps. Difficulties, and times of 0 or more, never decrease.
template <int Count = 3>
struct fixed_discrete_difficulty {
  static_assert(Count >= 2, "prefopt: a table of difficulties has two or more");

  double difficulty[Count] = {};
  double until[Count - 1] = {};

  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("difficulty", difficulty[0]);
    for (int i = 1; i < Count; ++i) {
      check.in_half_open("difficulty", difficulty[i], difficulty[i - 1], infinity_v<double>);
    }
    for (int i = 0; i < Count - 1; ++i) {
      check.in_half_open("until", until[i], i > 0 ? until[i - 1] : 0, infinity_v<double>);
    }
  }

  constexpr double lowest() const { return difficulty[0]; }
  constexpr double highest() const { return difficulty[Count - 1]; }
  constexpr double operator()(double t) const
  {
    for (int i = 0; i < Count - 1; ++i) {
      if (t <= until[i]) { return difficulty[i]; }
    }
    return t == t ? difficulty[Count - 1] : t;
  }
  friend bool operator==(fixed_discrete_difficulty const&,
                         fixed_discrete_difficulty const&) = default;
};
static_assert(difficulty_function<fixed_discrete_difficulty<>>);

}  // namespace prefopt
