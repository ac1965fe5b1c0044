// SPDX-License-Identifier: MIT
#pragma once
/// \file  DeepSpeed's `fixed_discrete`: a table of difficulties.

#include <prefopt/curriculum/pacing.hpp>

namespace prefopt {

/// difficulty[i] up to and including progress until[i], the last difficulty after that:
/// `fixed_discrete` of DeepSpeed's `curriculum_scheduler.py`, whose `max_step` is `until` times the
/// steps. Difficulties and times are the caller's to list in ascending order.
template <int Count = 3>
struct fixed_discrete_difficulty {
  static_assert(Count >= 2, "prefopt: a table of difficulties has two or more");

  double difficulty[Count] = {};
  double until[Count - 1] = {};

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
