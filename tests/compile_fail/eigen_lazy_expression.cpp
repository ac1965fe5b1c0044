// SPDX-License-Identifier: MIT
// expected-error "evaluate a lazy expression first"
// skipped-by "nvcc"
// needs-header "Eigen/Core"
/// \file  A sum of Eigen vectors, which has no memory.

#include <vector>

#include <Eigen/Core>

#include <prefopt/adapters/eigen.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>

void call(std::vector<float>& column, Eigen::VectorXf const& a)
{
#ifdef PREFOPT_SHOULD_FAIL
  auto const sum = a + a;
#else
  Eigen::VectorXf const sum = a + a;
#endif
  prefopt::evaluate(
      prefopt::dpo<float>{},
      {.chosen = sum, .rejected = column, .ref_chosen = column, .ref_rejected = column},
      {.value = column});
}
