// SPDX-License-Identifier: MIT
// expected-error "a sorted loss takes no weight per sample"
/// \file  Weights per sample of a loss whose samples are matched by rank, inside a sum.

#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/aot.hpp>
#include <prefopt/losses/dpo.hpp>

void call(std::vector<float>& column)
{
  prefopt::options_of<prefopt::dpo<float>> const of_dpo{.weight = column};
  static_cast<void>(of_dpo);
#ifdef PREFOPT_SHOULD_FAIL
  auto const loss = prefopt::aot<float>{} + 0.5f * prefopt::dpo<float>{};
  prefopt::evaluate(loss,
                    {.chosen = column,
                     .rejected = column,
                     .ref_chosen = column,
                     .ref_rejected = column,
                     .matched_reference = column},
                    {.value = column}, {.weight = column});
#endif
}
