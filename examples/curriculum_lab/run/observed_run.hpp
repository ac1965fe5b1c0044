// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a run draws, counted as it draws it, and what the schedule says it draws.

#include <vector>

#include "curriculum_lab/plan/plan.hpp"

namespace curriculum_lab {

/// Ranks from the easiest to the hardest that is open; first above last where none is.
struct open_ranks {
  index_t first = 0, last = 0;

  bool any() const { return first < last; }
};

/// A phase that draws something.
struct observed_phase {
  index_t phase = 0;
  index_t first_step = 0, last_step = 0;  ///< [first, last)
  std::vector<open_ranks> open;           ///< of each group; of a run without groups one
};

struct observed_run {
  index_t samples = 0;
  index_t steps = 0;  ///< batches
  index_t draws = 0;
  index_t columns = 0, rows = 0;      ///< of the grid: equal spans of steps and of ranks
  std::vector<index_t> cells;         ///< draws, row by row from the easiest
  std::vector<index_t> column_draws;  ///< of each column
  std::vector<index_t> seen;          ///< draws of each rank
  std::vector<double> expected;       ///< of each rank, from the parts of the schedule
  std::vector<observed_phase> phases;

  index_t first_step(index_t column) const { return steps * column / columns; }
  index_t first_rank(index_t row) const { return samples * row / rows; }
  /// How often the samples of a cell are drawn, 1 where every sample is drawn alike.
  double relative(index_t row, index_t column) const;
};

/// Runs the sampler of the plan from the first to the last batch. Throws std::invalid_argument
/// when it draws nothing.
observed_run observe(run_plan const& plan, index_t columns = 48, index_t rows = 24);

}  // namespace curriculum_lab
