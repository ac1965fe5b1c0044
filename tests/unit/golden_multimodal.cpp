// SPDX-License-Identifier: MIT
/// \file  The golden cases of losses over several modalities.

#include <prefopt/losses/chip.hpp>
#include <prefopt/losses/conditional_preference.hpp>
#include <prefopt/losses/halva.hpp>
#include <prefopt/losses/mdpo.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/losses/mpo.hpp>
#include <prefopt/losses/opa_dpo_pair.hpp>
#include <prefopt/losses/plackett_luce.hpp>
#include <prefopt/losses/povid.hpp>
#include <prefopt/losses/re_align.hpp>
#include <prefopt/losses/svco.hpp>
#include <prefopt/losses/vdpo_image.hpp>

#include "support/golden_registry.hpp"

using namespace prefopt;

namespace {

bool const multimodal_registered = [] {
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
    return conditional_preference<real_in<decltype(p)>>{.beta = p("beta")};
  });
  register_golden("mfpo_margin", [](auto p) {
    return anchor<branch::chosen, score::log_ratio>(
        "margin", link::logistic<real_in<decltype(p)>>{}, p("beta"), p("eta"));
  });
  register_golden("rdpo_realign", [](auto p) {
    return re_align<real_in<decltype(p)>>{
        .beta = p("beta"), .beta_v = p("beta_v"), .image_weight = p("w_v")};
  });
  register_golden_everywhere("chip", [](auto p) {
    return chip<real_in<decltype(p)>>{.beta = p("beta"), .token_beta = p("tok_beta")};
  });
  register_golden("chip_notok",
                  [](auto p) { return chip<real_in<decltype(p)>, false>{.beta = p("beta")}; });
  register_golden("vdpo_image", [](auto p) {
    return vdpo_image<real_in<decltype(p)>>{.beta = p("beta"), .label_smoothing = p("eps")};
  });
  register_golden_everywhere("svco", [](auto p) {
    return svco<real_in<decltype(p)>>{.attend_beta = p("beta1"),
                                      .reject_beta = p("beta2"),
                                      .rejected_attend_beta = p("beta3"),
                                      .rejected_reject_beta = p("beta4")};
  });
  register_golden("opa_dpo_pair", [](auto p) {
    return opa_dpo_pair<real_in<decltype(p)>>{.beta = p("beta"),
                                              .copo_weight = p("copo"),
                                              .anchor_weight = p("anchor_coef"),
                                              .anchor = p("anchor")};
  });
  register_golden("povid", [](auto p) { return povid<real_in<decltype(p)>>{.beta = p("beta")}; },
                  {{"other_rejected", "pol_wc"}, {"ref_other_rejected", "ref_wc"}});
  register_golden("halva_align", [](auto p) { return halva<real_in<decltype(p)>>{}; });
  register_golden("mpo_seq", [](auto p) {
    return mpo<real_in<decltype(p)>>{.beta = p("beta"),
                                     .preference_weight = p("w_p"),
                                     .quality_weight = p("w_q"),
                                     .generation_weight = p("w_g"),
                                     .delta = p("delta")};
  });
  register_golden_everywhere("pl_multi_negative", [](auto p) {
    return plackett_luce<real_in<decltype(p)>>{.beta = p("beta")};
  });
  return true;
}();

}  // namespace
