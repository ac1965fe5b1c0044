// SPDX-License-Identifier: MIT
/// \file  Compiled without OpenMP, for any machine.

#include "loop.hpp"

self_description describe_plain()
{
  return describe([](who_evaluates const& loss, auto const& index, auto const& zero, auto& value) {
    prefopt::evaluate(loss,
                      {.chosen = zero, .rejected = zero, .ref_chosen = index, .ref_rejected = zero},
                      {.value = value}, {.threads = 2});
  });
}
