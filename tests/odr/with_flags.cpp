// SPDX-License-Identifier: MIT
/// \file  Compiled with OpenMP and more vector instructions.

#include "loop.hpp"

self_description describe_with_flags()
{
  return describe([](who_evaluates const& loss, auto const& index, auto const& zero, auto& value) {
    prefopt::evaluate(loss,
                      {.chosen = zero, .rejected = zero, .ref_chosen = index, .ref_rejected = zero},
                      {.value = value}, {.threads = 2});
  });
}
