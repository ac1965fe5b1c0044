// SPDX-License-Identifier: MIT
/// \file  The trainer's model on the CUDA device, with the functor product, against the tiny LLaVA.

#include <cmath>
#include <string>
#include <vector>

#include "llava/model/llava.hpp"
#include "llava/optimizer/adamw.hpp"
#include "support/catch.hpp"
#include "support/tiny_llava.hpp"

static_assert(llava::device_is_gpu, "this test is for THRUST_DEVICE_SYSTEM_CUDA");

TEST_CASE("the model on the device has the reference's logits, losses, gradients and first step",
          "[llava][model][cuda]")
{
  llava::llava_model<float> model(tiny::config(), tiny::lora_training(), tiny::weights<float>{});
  model.load_adapter(tiny::weights<float>{});
  for (auto* p : model.trained()) p->decay = true;  // as the reference run did
  llava::llava_state<float> state;
  auto const batch = tiny::preference_batch<float>();
  auto const log_probs = [&](llava::adapters use) {
    model.forward(batch, state, use);
    return tiny::sequence_log_probs(tiny::score_rows(llava::download(state.logits), batch), batch);
  };
  // Tolerances in float are those of the fixture's README: 1e-5, and 1e-3 for gradients.
  auto const near = [](double expected, double relative) {
    return Approx(expected).epsilon(relative).margin(0);
  };

  auto const reference = log_probs(llava::adapters::off);
  CHECK(reference[0] == near(tiny::numbers("dpo_ref")[0], 1e-5));
  CHECK(reference[1] == near(tiny::numbers("dpo_ref")[1], 1e-5));
  CHECK(reference[2] == near(tiny::numbers("base_logp_noisy_image")[0], 1e-5));

  auto const policy = log_probs(llava::adapters::on);
  CHECK(policy[0] == near(tiny::numbers("dpo_pol")[0], 1e-5));
  auto const text = tiny::contrast(policy, reference, 1);
  CHECK(text.loss == near(tiny::number("dpo_loss_text"), 1e-5));

  auto const backward = [&](std::vector<double> const& seed) {
    llava::upload(tiny::logits_gradient(llava::download(state.logits), batch, seed), state.logits);
    model.zero_gradients();
    model.backward(state, state.logits.data());
  };
  backward(text.seed);
  auto const& norms = tiny::golden().at("grad_loss_text_norm");
  std::string const q = "language_model.model.layers.0.self_attn.q_proj";
  auto const norm_of = [&](std::string const& name) {
    return llava::gradient_norm<float>({&model.at(name)});
  };
  CHECK(norm_of(q + ".lora_A.weight") == near(norms.at(q).get<double>(), 1e-3));
  CHECK(norm_of(q + ".lora_B.weight") == near(norms.at(q + ".B").get<double>(), 1e-3));
  std::string const projector = "multi_modal_projector.linear_1.weight";
  CHECK(norm_of(projector) == near(norms.at(projector).get<double>(), 1e-3));
  CHECK(llava::gradient_norm(model.trained()) ==
        near(tiny::number("grad_loss_text_global_norm"), 1e-3));

  llava::adamw<float> optimizer{.options = {.weight_decay = 0.01}};
  auto const& steps = tiny::golden().at("adamw5_loss_text_plus_img__gradnorm_preclip");
  for (std::size_t i = 0; i < 2; ++i) {
    auto const now = log_probs(llava::adapters::on);
    auto const loss = tiny::contrast(now, reference, 1) + tiny::contrast(now, reference, 2);
    CHECK(loss.loss == near(steps.at(i).at(0).get<double>(), 1e-3));
    backward(loss.seed);
    double const norm = llava::gradient_norm(model.trained());
    CHECK(norm == near(steps.at(i).at(1).get<double>(), 1e-3));
    optimizer.step(model.trained(), 1e-3, llava::clip_scale(norm, 1.0));
  }
}

TEST_CASE("training every tensor on the device gives the host's gradients", "[llava][model][cuda]")
{
  llava::llava_model<float> model(tiny::config(2), tiny::full_training(), tiny::weights<float>{});
  llava::llava_state<float> state;
  auto const batch = tiny::full_batch<float>();
  model.forward(batch, state);
  llava::upload(tiny::logits_gradient(llava::download(state.logits), batch, {-1.0}), state.logits);
  model.backward(state, state.logits.data());
  for (auto const& expected : tiny::full_norms) {
    CAPTURE(expected.name);
    CHECK(llava::gradient_norm<float>({&model.at(expected.name)}) ==
          Approx(expected.norm).epsilon(1e-3).margin(0));
  }
  CHECK(llava::gradient_norm(model.trained()) == Approx(tiny::full_norm).epsilon(1e-3).margin(0));
}
