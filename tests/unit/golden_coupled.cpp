// SPDX-License-Identifier: MIT
/// \file  The golden cases of losses without pairs, and of those with a number of the batch that is
/// given.

#include <prefopt/losses/apo_zero_unpaired.hpp>
#include <prefopt/losses/bco.hpp>
#include <prefopt/losses/kto.hpp>
#include <prefopt/losses/napo.hpp>

#include "support/golden_registry.hpp"

using namespace prefopt;

namespace {

bool const coupled_registered = [] {
  using test::real_in;
  using test::register_golden;
  using test::register_golden_everywhere;
  register_golden_everywhere("kto_given_kl", [](auto p) {
    return kto<real_in<decltype(p)>>{.beta = p("beta"),
                                     .baseline = p("kl"),
                                     .desirable_weight = p("w_d"),
                                     .undesirable_weight = p("w_u")};
  });
  register_golden("apo_zero_unpaired", [](auto p) {
    return apo_zero_unpaired<real_in<decltype(p)>>{
        .beta = p("beta"), .desirable_weight = p("w_d"), .undesirable_weight = p("w_u")};
  });
  register_golden("bco_given_delta", [](auto p) {
    return bco<real_in<decltype(p)>>{.beta = p("beta"), .delta = p("delta")};
  });
  register_golden(
      "napo_q", [](auto p) { return napo<real_in<decltype(p)>>{.beta = p("beta"), .q = p("q")}; });
  return true;
}();

}  // namespace
