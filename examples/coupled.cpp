// SPDX-License-Identifier: MIT
/// \file  Losses that couple the samples of a batch, in two phases: a statistic of the whole batch
/// first, then the loss sample by sample. With several ranks only the communicator changes.

#include <cstddef>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/aot.hpp>
#include <prefopt/losses/kto.hpp>
#include <prefopt/statistics/kto_baseline.hpp>
#include <prefopt/statistics/sorted_match.hpp>

#include "expect.hpp"

namespace {

using prefopt::index_t;

/// Log-probabilities of answers without partners, and of each answer under another sample's prompt.
struct micro_batch {
  std::vector<float> completion, ref_completion, label;
  std::vector<float> mismatched, ref_mismatched;
};

/// 1 where a value is wrong.
int kto_over_micro_batches()
{
  std::vector<micro_batch> const batch{
      {{-20, -31}, {-22, -30}, {1, 0}, {-40, -41}, {-42, -40}},
      {{-25}, {-24}, {1}, {-50}, {-53}},
      {{-18, -44, -27}, {-21, -40, -27}, {1, 0, 0}, {-61, -38, -52}, {-60, -39, -54}}};

  // [kto]
  // Phase 1, without gradient: z_0 of all micro-batches, and of all ranks.
  prefopt::serial_communicator const ranks;  // or mpi_communicator, nccl_communicator
  prefopt::kto_baseline mine;
  index_t samples = 0;
  for (micro_batch const& x : batch) {
    for (std::size_t i = 0; i < x.mismatched.size(); ++i) {
      mine.push(x.mismatched[i] - x.ref_mismatched[i]);
    }
    samples += static_cast<index_t>(x.completion.size());
  }
  prefopt::kto_baseline const all = prefopt::merge_over_ranks(ranks, mine);

  // Phase 2: each micro-batch by itself; the sum over them is the whole batch's loss.
  prefopt::kto<float> const loss{
      .beta = 0.1f, .baseline = static_cast<float>(all.value()), .undesirable_weight = 1.5f};
  double sum = 0;
  std::vector<float> last_gradient;
  for (micro_batch const& x : batch) {
    std::size_t const n = x.completion.size();
    std::vector<float> value(n), gradient(n);
    prefopt::evaluate(
        loss, {.completion = x.completion, .ref_completion = x.ref_completion, .label = x.label},
        {.value = value, .gradient = {.completion = gradient}},
        {.scale = 1 / static_cast<float>(samples)});
    for (float const v : value) { sum += v; }
    last_gradient = gradient;
  }
  // [kto]

  int wrong = expect("KTO: z_0, (2 - 1 + 3 - 1 + 1 + 2) / 6", all.value(), 1);
  wrong |=
      expect("KTO: mean loss of the 6 samples", sum / static_cast<double>(samples), 0.571518673);
  wrong |= expect("KTO: gradient of the last", last_gradient[2], 0.006234401);
  return wrong;
}

int aot_of_a_batch()
{
  std::vector<double> const chosen{-20, -31, -25}, rejected{-24, -30, -40};
  std::vector<double> const ref_chosen{-22, -30, -24}, ref_rejected{-21, -33, -34};

  // [aot]
  // Phase 1: the policy's differences 4, -1, 15 against the reference's -1, 3, 10, by rank.
  std::vector<double> policy, reference;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    policy.push_back(chosen[i] - rejected[i]);
    reference.push_back(ref_chosen[i] - ref_rejected[i]);
  }
  std::vector<double> partner(chosen.size()), unused(chosen.size());
  prefopt::sorted_match_workspace workspace;  // kept from step to step
  prefopt::sorted_match(prefopt::serial_communicator{}, policy, reference, workspace, partner,
                        unused);

  // Phase 2.
  std::vector<double> value(chosen.size()), d_chosen(chosen.size());
  prefopt::evaluate(prefopt::aot<double>{.beta = 0.1},
                    {.chosen = chosen, .rejected = rejected, .matched_reference = partner},
                    {.value = value, .gradient = {.chosen = d_chosen}});
  // [aot]

  int wrong = expect("AOT: the first pair's partner", partner[0], 3);
  wrong |= expect("AOT: its loss, -log sigmoid(0.1 (4 - 3))", value[0], 0.644396660);
  wrong |= expect("AOT: and gradient", d_chosen[0], -0.047502081);
  wrong |= expect("AOT: the third, -log sigmoid(0.1 (15 - 10))", value[2], 0.474076984);
  return wrong;
}

}  // namespace

int main()
{
  int wrong = kto_over_micro_batches();
  wrong |= aot_of_a_batch();
  return wrong;
}
