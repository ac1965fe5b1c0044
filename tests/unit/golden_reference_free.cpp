// SPDX-License-Identifier: MIT
/// \file  The golden cases of losses without reference. Those with a likelihood term have one with
/// the term and one without.

#include <prefopt/losses/alphapo.hpp>
#include <prefopt/losses/cpo.hpp>
#include <prefopt/losses/cpo_hinge.hpp>
#include <prefopt/losses/cpo_ipo.hpp>
#include <prefopt/losses/orpo.hpp>
#include <prefopt/losses/rrhf.hpp>
#include <prefopt/losses/simper.hpp>
#include <prefopt/losses/simpo.hpp>
#include <prefopt/losses/simpo_hinge.hpp>
#include <prefopt/losses/slic_hf.hpp>

#include "support/golden_registry.hpp"

using namespace prefopt;

namespace {

bool const reference_free_registered = [] {
  using test::real_in;
  using test::register_golden;
  using test::register_golden_everywhere;
  register_golden("cpo", [](auto p) {
    return cpo<real_in<decltype(p)>>{.beta = p("beta"), .alpha = 0, .label_smoothing = p("eps")};
  });
  register_golden("cpo_hinge", [](auto p) {
    return cpo_hinge<real_in<decltype(p)>>{.beta = p("beta"), .alpha = 0};
  });
  register_golden("cpo_ipo", [](auto p) {
    return cpo_ipo<real_in<decltype(p)>>{.beta = p("beta"), .alpha = 0};
  });
  register_golden("simpo", [](auto p) {
    return simpo<real_in<decltype(p)>>{
        .beta = p("beta"), .gamma = p("gamma"), .label_smoothing = p("eps")};
  });
  register_golden("simpo_hinge", [](auto p) {
    return simpo_hinge<real_in<decltype(p)>>{.beta = p("beta"), .gamma = p("gamma")};
  });
  register_golden_everywhere("alphapo", [](auto p) {
    return alphapo<real_in<decltype(p)>>{
        .beta = p("beta"), .gamma = p("gamma"), .alpha = p("alpha")};
  });
  register_golden("orpo_or", [](auto p) {
    return orpo<real_in<decltype(p)>>{.beta = p("beta"), .alpha = 0};
  }).has_undefined_rows = true;
  register_golden_everywhere("orpo", [](auto p) {
    return orpo<real_in<decltype(p)>>{.beta = p("beta")};
  }).has_undefined_rows = true;
  register_golden("slic_hf", [](auto p) {
    return slic_hf<real_in<decltype(p)>>{.delta = p("beta"), .lambda = p("lam")};
  });
  register_golden_everywhere("simper", [](auto p) { return simper<real_in<decltype(p)>>{}; });
  register_golden("rrhf_pair", [](auto p) { return rrhf<real_in<decltype(p)>>{}; });
  return true;
}();

}  // namespace
