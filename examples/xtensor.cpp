// SPDX-License-Identifier: MIT
/// \file  MFPO on column views of an xtensor: nothing is copied.

#include <cstddef>

#if __has_include(<xtensor/containers/xtensor.hpp>)  // since 0.26
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include <prefopt/adapters/xtensor.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/mfpo.hpp>

#include "expect.hpp"

int main()
{
  // [views]
  xt::xtensor<double, 2> const log_probs = {{-40, -55, -48, -42, -50, -43},
                                            {-45, -50, -44, -42, -50, -43}};
  xt::xtensor<double, 2> gradient = xt::zeros<double>({2, 3});
  xt::xtensor<double, 1> loss = xt::zeros<double>({2});
  auto const column = [](auto& matrix, std::size_t k) { return xt::view(matrix, xt::all(), k); };

  prefopt::evaluate(prefopt::mfpo<double>{.beta = 0.1, .eta = 0.2},
                    {.chosen = column(log_probs, 0),
                     .rejected = column(log_probs, 1),
                     .perturbed = {column(log_probs, 2)},
                     .ref_chosen = column(log_probs, 3),
                     .ref_rejected = column(log_probs, 4),
                     .ref_perturbed = {column(log_probs, 5)}},
                    {.value = loss,
                     .gradient = {.chosen = column(gradient, 0),
                                  .rejected = column(gradient, 1),
                                  .perturbed = {column(gradient, 2)}}});
  // [views]
  int wrong = 0;
  wrong |= expect("MFPO, second pair", loss(1), 2.626571098);
  wrong |= expect("its derivative by the chosen log-prob", gradient(1, 0), -0.174673585);
  wrong |= expect("by the rejected one", gradient(1, 1), 0.057444252);
  wrong |= expect("by the one with the noised image", gradient(1, 2), 0.054983400);
  return wrong;
}
