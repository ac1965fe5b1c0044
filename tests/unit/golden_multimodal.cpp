// SPDX-License-Identifier: MIT
/// \file  The golden cases of losses over several modalities.

#include <prefopt/losses/mdpo.hpp>
#include <prefopt/losses/mfpo.hpp>

#include "support/golden_registry.hpp"

using namespace prefopt;

namespace {

bool const registered = [] {
  using test::real_in;
  using test::register_golden;
  using test::register_golden_everywhere;
  register_golden("mdpo", [](auto p) { return mdpo<real_in<decltype(p)>>{.beta = p("beta")}; });
  register_golden_everywhere("mfpo", [](auto p) {
    return mfpo<real_in<decltype(p)>>{.beta = p("beta"),
                                      .eta = p("eta"),
                                      .text_weight = p("w_text"),
                                      .modality_weight = {{p("w_image")}},
                                      .margin_weight = p("w_margin")};
  });
  register_golden("mfpo_image", [](auto p) {
    return contrast<branch::chosen, branch::perturbed<0>, score::log_ratio>(
        "image", link::logistic<real_in<decltype(p)>>{}, p("beta"));
  });
  register_golden("mfpo_margin", [](auto p) {
    return anchor<branch::chosen, score::log_ratio>(
        "margin", link::logistic<real_in<decltype(p)>>{}, p("beta"), p("eta"));
  });
  return true;
}();

}  // namespace
