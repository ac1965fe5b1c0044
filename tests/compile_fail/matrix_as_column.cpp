// SPDX-License-Identifier: MIT
// expected-error "a column is rank 1, logits are rank 2"
/// \file  A matrix where a column belongs.

#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>

void call(std::vector<float>& column, prefopt::matrix_view<float> matrix)
{
#ifdef PREFOPT_SHOULD_FAIL
  auto const other = matrix;
#else
  auto const other = matrix.row(0);
#endif
  prefopt::evaluate(
      prefopt::dpo<float>{},
      {.chosen = column, .rejected = other, .ref_chosen = column, .ref_rejected = column},
      {.value = column});
}
