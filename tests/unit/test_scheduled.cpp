// SPDX-License-Identifier: MIT
/// \file  Loss parameters that move over a run, or from level to level.

#include <prefopt/curriculum/pacing/step_pacing.hpp>
#include <prefopt/curriculum/scheduled.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>

#include "support/catch.hpp"

namespace {

using namespace prefopt;

}  // namespace

TEST_CASE("loss parameters move from one loss to another", "[curriculum]")
{
  using loss = prefopt::mfpo<float, 2>;
  loss const first{.beta = 0.1f, .eta = 0, .text_weight = 1, .modality_weight = {1, 0.5f}};
  loss const last{.beta = 0.5f, .eta = 1, .text_weight = 7, .modality_weight = {3, 0.5f}};
  auto const plan =
      prefopt::scheduled<&loss::beta, &loss::eta, &loss::modality_weight>(first, last);
  CHECK(plan(0).beta == 0.1f);
  CHECK(plan(0.5).beta == Approx(0.3f));
  CHECK(plan(0.5).eta == 0.5f);
  CHECK(plan(0.5).modality_weight[0] == 2);
  CHECK(plan(0.5).modality_weight[1] == 0.5f);
  CHECK(plan(0.5).text_weight == 1);  // not named: that of the first
  CHECK(plan(1).beta == 0.5f);
  CHECK(plan(1).modality_weight[0] == 3);

  using pair = prefopt::dpo<double>;
  auto const at_once = prefopt::scheduled<&pair::beta>(pair{.beta = 0.1}, pair{.beta = 0.4},
                                                       prefopt::step_pacing{0, 0.5});
  CHECK(at_once(0.4).beta == 0.1);
  CHECK(at_once(0.6).beta == 0.4);
}

TEST_CASE("a table holds one loss per level", "[curriculum]")
{
  using loss = prefopt::dpo<float>;
  prefopt::per_level const table{loss{.beta = 0.1f}, loss{.beta = 0.2f}, loss{.beta = 0.3f}};
  CHECK(table[0].beta == 0.1f);
  CHECK(table[2].beta == 0.3f);
  CHECK(table[9].beta == 0.3f);
  CHECK(prefopt::per_level{0.5, 0.25}[1] == 0.25);
  CHECK_THROWS_WITH(table[-1], "prefopt::per_level: phase: expected 0 or more, got -1");
}
