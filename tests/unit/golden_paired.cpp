// SPDX-License-Identifier: MIT
/// \file  The golden cases of pairs with a reference.

#include <prefopt/losses/apo_down.hpp>
#include <prefopt/losses/apo_zero.hpp>
#include <prefopt/losses/bco_pair.hpp>
#include <prefopt/losses/cal_dpo.hpp>
#include <prefopt/losses/chi_po.hpp>
#include <prefopt/losses/da_dpo.hpp>
#include <prefopt/losses/discopop.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/dpo_norm.hpp>
#include <prefopt/losses/dpop.hpp>
#include <prefopt/losses/exo_pair.hpp>
#include <prefopt/losses/hinge.hpp>
#include <prefopt/losses/ipo.hpp>
#include <prefopt/losses/ipo_sum.hpp>
#include <prefopt/losses/mm_dpo.hpp>
#include <prefopt/losses/nca_pair.hpp>
#include <prefopt/losses/odpo.hpp>
#include <prefopt/losses/r_dpo.hpp>
#include <prefopt/losses/rebel.hpp>
#include <prefopt/losses/robust.hpp>
#include <prefopt/losses/rpo.hpp>
#include <prefopt/losses/rrpo.hpp>
#include <prefopt/losses/sppo_hard.hpp>
#include <prefopt/losses/tdpo1.hpp>
#include <prefopt/losses/tdpo2.hpp>
#include <prefopt/losses/wpo.hpp>
#include <prefopt/losses/xpo.hpp>

#include "support/golden_registry.hpp"

using namespace prefopt;

namespace {

using test::real_in;
using test::register_golden;
using test::register_golden_everywhere;

/// Registers a loss that has beta and no other parameter.
template <template <class...> class Loss>
void register_with_beta(char const* name)
{
  register_golden(name, [](auto p) { return Loss<real_in<decltype(p)>>{.beta = p("beta")}; });
}

bool const labels = [] {
  register_golden("cdpo", [](auto p) {
    return dpo<real_in<decltype(p)>>{.beta = p("beta"), .label_smoothing = p("eps")};
  });
  register_golden_everywhere("robust", [](auto p) {
    return robust<real_in<decltype(p)>>{.beta = p("beta"), .label_smoothing = p("eps")};
  });
  register_golden_everywhere("exo_pair", [](auto p) {
    return exo_pair<real_in<decltype(p)>>{.beta = p("beta"), .label_smoothing = p("eps")};
  });
  register_golden_everywhere("discopop", [](auto p) {
    return discopop<real_in<decltype(p)>>{.beta = p("beta"), .tau = p("tau")};
  });
  register_with_beta<dpo_norm>("sigmoid_norm");
  register_golden("bco_pair_delta", [](auto p) {
    return bco_pair<real_in<decltype(p)>>{.beta = p("beta"), .delta = p("delta")};
  });
  register_with_beta<dpo>("dpo");
  register_with_beta<hinge>("hinge");
  register_with_beta<ipo>("ipo");
  register_with_beta<ipo_sum>("ipo_sum");
  register_with_beta<nca_pair>("nca_pair");
  register_with_beta<bco_pair>("bco_pair_nodelta");
  register_with_beta<sppo_hard>("sppo_hard");
  register_with_beta<apo_zero>("apo_zero");
  register_with_beta<apo_down>("apo_down");
  return true;
}();

bool const divergences = [] {
  register_golden_everywhere("fdpo_forward_kl", [](auto p) {
    return dpo<real_in<decltype(p)>, score::forward_kl<>>{.beta = p("beta")};
  });
  register_golden("fdpo_js", [](auto p) {
    return dpo<real_in<decltype(p)>, score::jensen_shannon<>>{.beta = p("beta")};
  });
  register_golden("fdpo_alpha", [](auto p) {
    using real = real_in<decltype(p)>;
    return dpo<real, score::alpha_divergence<real>>{.beta = p("beta"),
                                                    .score = {.alpha = p("alpha")}};
  });
  register_golden_everywhere("chi_po", [](auto p) {
    return chi_po<real_in<decltype(p)>>{.beta = p("beta"), .clip = p("clip")};
  });
  register_with_beta<tdpo1>("tdpo1");
  register_golden_everywhere("tdpo2", [](auto p) {
    return tdpo2<real_in<decltype(p)>>{.beta = p("beta"), .alpha = p("alpha")};
  });
  register_golden("rrpo", [](auto p) {
    return rrpo<real_in<decltype(p)>>{.beta = p("beta"), .alpha = p("alpha")};
  });
  return true;
}();

bool const margins_and_weights = [] {
  register_golden("rpo_seq", [](auto p) {
    return rpo<real_in<decltype(p)>>{.beta = p("beta"), .alpha = p("alpha")};
  });
  register_golden_everywhere("dpop", [](auto p) {
    return dpop<real_in<decltype(p)>>{.beta = p("beta"), .lambda = p("lam")};
  });
  register_golden_everywhere("odpo", [](auto p) {
    return odpo<real_in<decltype(p)>>{.beta = p("beta"), .alpha = p("alpha")};
  });
  register_golden_everywhere("r_dpo", [](auto p) {
    return r_dpo<real_in<decltype(p)>>{.beta = p("beta"), .alpha = p("alpha")};
  });
  register_with_beta<wpo>("wpo");
  register_golden_everywhere("wpo_unclamped", [](auto p) {
    using real = real_in<decltype(p)>;
    return wpo<real>{.beta = p("beta"), .max_weight = infinity_v<real>};
  });
  register_with_beta<cal_dpo>("cal_dpo");
  register_golden_everywhere("mm_dpo", [](auto p) {
    using real = real_in<decltype(p)>;
    return mm_dpo<real>{
        .beta = p("beta"), .w = p("w"), .k = p("k"), .smallest_beta = -infinity_v<real>};
  });
  register_golden(
      "da_dpo",
      [](auto p) { return da_dpo<real_in<decltype(p)>>{.beta = p("beta"), .alpha = p("alpha")}; },
      {{"judge_gap", "clip"}});
  register_golden("xpo", [](auto p) {
    return xpo<real_in<decltype(p)>>{.beta = p("beta"), .alpha = p("alpha")};
  });
  register_with_beta<rebel>("rebel");
  return true;
}();

}  // namespace
