// SPDX-License-Identifier: MIT
/// \file  DPO and MFPO on plain vectors: columns of log-probabilities in, losses and gradients out.

#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/self_check.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>

#include "expect.hpp"

int main()
{
  int wrong = 0;
  // [dpo]
  // Log-probabilities of two preference pairs under the policy and the frozen reference.
  std::vector<float> const chosen{-40, -45}, rejected{-55, -50};
  std::vector<float> const ref_chosen{-42, -42}, ref_rejected{-50, -50};
  std::vector<float> loss(2), d_chosen(2), d_rejected(2);

  prefopt::evaluate(prefopt::dpo<float>{.beta = 0.1f},
                    {.chosen = chosen,
                     .rejected = rejected,
                     .ref_chosen = ref_chosen,
                     .ref_rejected = ref_rejected},
                    {.value = loss, .gradient = {.chosen = d_chosen, .rejected = d_rejected}});
  // [dpo]
  wrong |= expect("DPO, first pair", loss[0], 0.403186049);
  wrong |= expect("DPO, second pair", loss[1], 0.854355244);
  wrong |= expect("its derivative by the rejected log-prob", d_rejected[1], 0.057444252);

  // [mfpo]
  // The chosen answer once more, given the image with noise in its key regions. The gradient comes
  // times the loss scale over the global number of samples, added to what the columns hold.
  std::vector<float> const perturbed{-48, -44}, ref_perturbed{-43, -43};
  std::vector<float> d_perturbed(2);
  d_chosen.assign(2, 0.0f);

  prefopt::evaluate(prefopt::mfpo<float>{.beta = 0.1f, .eta = 0.2f},
                    {.chosen = chosen,
                     .rejected = rejected,
                     .perturbed = {perturbed},
                     .ref_chosen = ref_chosen,
                     .ref_rejected = ref_rejected,
                     .ref_perturbed = {ref_perturbed}},
                    {.value = loss, .gradient = {.chosen = d_chosen, .perturbed = {d_perturbed}}},
                    {.scale = 0.5f, .accumulate = true});
  // [mfpo]
  wrong |= expect("MFPO, second pair", loss[1], 2.626571098);
  wrong |= expect("half its derivative by the chosen log-prob", d_chosen[1], -0.174673585 / 2);

  // [initial]
  float const first = prefopt::expected_initial_loss(prefopt::mfpo<float>{});  // 3 log 2
  // [initial]
  wrong |= expect("MFPO where policy = reference", first, 2.0794415417);
  return wrong;
}
