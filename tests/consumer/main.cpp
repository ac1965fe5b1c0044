// SPDX-License-Identifier: MIT
#include <prefopt/prefopt.hpp>

#include <cmath>
#include <vector>

int main()
{
  std::vector<double> const zero(3, -7.0);
  std::vector<double> loss(3);
  prefopt::evaluate(prefopt::mfpo<double>{.beta = 0.1},
                    {.chosen = zero,
                     .rejected = zero,
                     .perturbed = {zero},
                     .ref_chosen = zero,
                     .ref_rejected = zero,
                     .ref_perturbed = {zero}},
                    {.value = loss});
  return std::abs(loss[2] - 3 * std::log(2.0)) < 1e-15 ? 0 : 1;
}
