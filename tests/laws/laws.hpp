// SPDX-License-Identifier: MIT
#pragma once
/// \file  The laws that every loss obeys, on losses without their types, so that they are compiled
/// once.

#include <string>

#include "support/catch.hpp"
#include "support/erased_loss.hpp"

namespace prefopt::test {

/// A loss header's `struct name`, in both precisions.
struct law_subject {
  std::string name;
  erased_loss<double> in_double;
  erased_loss<float> in_float;
};

void gradient_is_the_derivative(law_subject const& loss);
void packs_are_scalars(law_subject const& loss);
void extreme_inputs_stay_finite(law_subject const& loss);
void first_value_is_known(law_subject const& loss);
void a_batch_is_its_samples(law_subject const& loss);

}  // namespace prefopt::test

#define LOSS_LAWS(name)                                               \
  namespace {                                                         \
  prefopt::test::law_subject const& subject_##name()                  \
  {                                                                   \
    static prefopt::test::law_subject const subject{                  \
        #name, prefopt::test::erase<double>(prefopt::name<double>{}), \
        prefopt::test::erase<float>(prefopt::name<float>{})};         \
    return subject;                                                   \
  }                                                                   \
  }                                                                   \
  TEST_CASE("laws of " #name, "[laws]")                               \
  {                                                                   \
    SECTION("the gradient is the derivative")                         \
    {                                                                 \
      prefopt::test::gradient_is_the_derivative(subject_##name());    \
    }                                                                 \
    SECTION("packs give what scalars give")                           \
    {                                                                 \
      prefopt::test::packs_are_scalars(subject_##name());             \
    }                                                                 \
    SECTION("inputs of 1e4 nats give finite numbers")                 \
    {                                                                 \
      prefopt::test::extreme_inputs_stay_finite(subject_##name());    \
    }                                                                 \
    SECTION("where policy = reference the value is known")            \
    {                                                                 \
      prefopt::test::first_value_is_known(subject_##name());          \
    }                                                                 \
    SECTION("a batch is its samples")                                 \
    {                                                                 \
      prefopt::test::a_batch_is_its_samples(subject_##name());        \
    }                                                                 \
  }
