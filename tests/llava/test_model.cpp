// SPDX-License-Identifier: MIT
/// \file  The trainer's model against the tiny LLaVA of tests/fixtures/llava (float64 PyTorch) and
///        against central differences.

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "llava/checkpoint/safetensors.hpp"
#include "llava/model/llava.hpp"
#include "llava/model/ops.hpp"
#include "llava/optimizer/adamw.hpp"
#include "llava/optimizer/schedule.hpp"
#include "support/catch.hpp"
#include "support/tiny_llava.hpp"

using llava::index_t;
using llava::op;

namespace {

/// Relative tolerances against the fixture. Float: the fixture README's, which are 10 to 100 times
/// the difference that its own code shows between float and double.
template <class Real>
struct tolerance;

template <>
struct tolerance<double> {
  static constexpr double features = 1e-11;
  static constexpr double log_probs = 1e-11;
  static constexpr double gradients = 1e-10;
  static constexpr double training = 1e-9;  // five AdamW steps amplify the last bits
};

template <>
struct tolerance<float> {
  static constexpr double features = 1e-4;
  static constexpr double log_probs = 1e-5;
  static constexpr double gradients = 1e-3;
  static constexpr double training = 1e-3;
};

/// Relative to the expected value.
Approx near(double expected, double relative)
{
  return Approx(expected).epsilon(relative).margin(0);
}

/// Relative to the largest of the expected values: single elements may cancel.
void check_elements(std::vector<double> const& actual, std::vector<double> const& expected,
                    double relative)
{
  REQUIRE(actual.size() == expected.size());
  double scale = 0;
  for (double e : expected) scale = std::max(scale, std::abs(e));
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst =
        std::max(worst, std::isfinite(actual[i]) ? std::abs(actual[i] - expected[i]) : INFINITY);
  }
  CHECK(worst <= relative * scale);
}

template <class Real>
std::vector<double> doubles(std::vector<Real> const& values)
{
  return {values.begin(), values.end()};
}

template <class Real>
std::vector<double> doubles(Real const* device, index_t count)
{
  return doubles(llava::download(device, count));
}

double sum(std::vector<double> const& values)
{
  double total = 0;
  for (double v : values) total += v;
  return total;
}

template <class Real>
double norm_of(llava::buffer<Real> const& device)
{
  double total = 0;
  for (Real v : llava::download(device)) total += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(total);
}

/// The tiny model with LoRA factors that are not zero.
template <class Real>
struct lora_model : llava::llava_model<Real> {
  lora_model()
      : llava::llava_model<Real>(tiny::config(), tiny::lora_training(), tiny::weights<Real>{})
  {
    this->load_adapter(tiny::weights<Real>{});
  }
};

template <class Real>
std::vector<Real> run(llava::llava_model<Real> const& model, llava::packed_batch<Real> const& batch,
                      llava::llava_state<Real>& state, llava::adapters use = llava::adapters::on)
{
  model.forward(batch, state, use);
  return llava::download(state.logits);
}

template <class Real>
void run_backward(llava::llava_model<Real>& model, llava::llava_state<Real>& state,
                  std::vector<Real> const& d_logits)
{
  llava::upload(d_logits, state.logits);
  model.backward(state, state.logits.data());
}

}  // namespace

TEST_CASE("initial numbers follow the fixture's formula", "[llava][model]")
{
  CHECK(llava::hash_name("language_model.model.embed_tokens.weight") == 0xdec43c721d10b8a6u);
  auto const v = tiny::weights<double>{}("language_model.model.embed_tokens.weight", {96, 32});
  // Stated to ten digits before they are rounded to float.
  CHECK(v[0] == Approx(0.1164072037).epsilon(1e-7));
  CHECK(v[1] == Approx(0.0666315752).epsilon(1e-7));
  CHECK(v[2] == Approx(0.2410249633).epsilon(1e-7));
}

TEST_CASE("a model loads from safetensors and PEFT files as from the formula", "[llava][model]")
{
  tiny::with_fixture const fixture(GENERATE(from_range(tiny::fixture_names())));
  CAPTURE(tiny::current_fixture());
  std::string const file = tiny::current_fixture() + ".safetensors";
  // Weights come from the formula too; only our own fixture has to have the files.
  if (tiny::current_fixture() != "kv4" &&
      !std::filesystem::exists(llava_fixture_dir() + "/tiny_llava_" + file)) {
    WARN("no weights for " << tiny::current_fixture());
    return;
  }
  auto const base = llava::tensor_file::open(llava_fixture_dir() + "/tiny_llava_" + file);
  auto const adapter = llava::tensor_file::open(llava_fixture_dir() + "/adapter_model_" + file);
  llava::llava_model<double> from_file(
      tiny::config(), tiny::lora_training(),
      [&](std::string const& name, std::vector<index_t> const& shape) {
        return base.load<double>(name, shape);
      });
  from_file.load_adapter([&](std::string const& name, std::vector<index_t> const& shape) {
    return adapter.load<double>("base_model.model." + name, shape);
  });
  lora_model<double> const from_formula;
  REQUIRE(from_file.parameters().size() == from_formula.parameters().size());
  CHECK(from_file.parameters().size() == base.names().size() + adapter.names().size());
  for (std::size_t i = 0; i < from_formula.parameters().size(); ++i) {
    auto const& expected = from_formula.parameters()[i];
    auto const& actual = from_file.parameters()[i];
    CAPTURE(expected.name);
    CHECK(actual.name == expected.name);
    CHECK(llava::download(actual.values) == llava::download(expected.values));
  }
}

TEMPLATE_TEST_CASE("the frozen model gives the reference's features and logits", "[llava][model]",
                   double, float)
{
  tiny::with_fixture const fixture(GENERATE(from_range(tiny::fixture_names())));
  CAPTURE(tiny::current_fixture());
  using tol = tolerance<TestType>;
  lora_model<TestType> model;
  llava::llava_state<TestType> state;
  llava::packed_batch<TestType> batch;
  tiny::append_picture(batch, tiny::picture::clean);
  tiny::append_answer(batch, "yw", 0);
  tiny::append_answer(batch, "yl", 0);
  auto const logits = run<TestType>(model, batch, state, llava::adapters::off);

  auto const features = doubles(llava::download(state.vision.features));
  check_elements({features.begin(), features.begin() + 24},
                 tiny::numbers("vision_hidden_m2_patch0"), tol::features);
  CHECK(sum(features) == near(tiny::number("vision_hidden_m2_sum"), tol::features));
  auto const projected = doubles(llava::download(state.projector.output));
  check_elements({projected.begin(), projected.begin() + 32}, tiny::numbers("projected_patch0"),
                 tol::features);
  CHECK(sum(projected) == near(tiny::number("projected_sum"), tol::features));

  auto const rows = tiny::score_rows(logits, batch);
  auto const chosen = tiny::numbers("base_token_logps_w");
  auto const rejected = tiny::numbers("base_token_logps_l");
  REQUIRE(rows.size() == chosen.size() + rejected.size());
  double entropy[2] = {0, 0};
  for (std::size_t r = 0; r < rows.size(); ++r) {
    bool const first = r < chosen.size();
    double const expected = first ? chosen[r] : rejected[r - chosen.size()];
    CHECK(rows[r].log_prob == near(expected, tol::log_probs));
    entropy[first ? 0 : 1] += rows[r].entropy;
  }
  CHECK(entropy[0] == near(tiny::numbers("base_entropy_sum")[0], tol::log_probs));
  CHECK(entropy[1] == near(tiny::numbers("base_entropy_sum")[1], tol::log_probs));
  auto const log_probs = tiny::sequence_log_probs(rows, batch);
  CHECK(log_probs[0] == near(tiny::numbers("base_logp")[0], tol::log_probs));
  CHECK(log_probs[1] == near(tiny::numbers("base_logp")[1], tol::log_probs));
  CHECK(-(log_probs[0] + log_probs[1]) / 11 ==
        near(tiny::number("sft_loss_mean_over_tokens"), tol::log_probs));
}

TEMPLATE_TEST_CASE("all logits of a sequence are the reference's", "[llava][model]", double, float)
{
  tiny::with_fixture const fixture(GENERATE(from_range(tiny::fixture_names())));
  CAPTURE(tiny::current_fixture());
  using tol = tolerance<TestType>;
  lora_model<TestType> model;
  llava::llava_state<TestType> state;
  llava::packed_batch<TestType> batch;
  tiny::append_picture(batch, tiny::picture::clean);
  tiny::append_answer(batch, "yw", 0);
  batch.logit_rows.clear();
  for (index_t r = 0; r < batch.rows(); ++r) batch.logit_rows.push_back(r);
  auto const logits = doubles(run<TestType>(model, batch, state, llava::adapters::off));
  double total = 0;
  for (double v : logits) total += std::abs(v);
  CHECK(total == near(tiny::number("base_logits_w_abs_sum"), tol::features));
  auto const last = tiny::golden().at("base_logits_w_last5_first4");
  for (std::size_t r = 0; r < 5; ++r) {
    auto const* const row = logits.data() + (logits.size() / 96 - 5 + r) * 96;
    check_elements({row, row + 4}, last.at(r).template get<std::vector<double>>(), tol::features);
  }
}

TEST_CASE("the last hidden state of the tower is the reference's", "[llava][model]")
{
  tiny::with_fixture const fixture(GENERATE(from_range(tiny::fixture_names())));
  CAPTURE(tiny::current_fixture());
  auto config = tiny::config();
  config.vision_feature_layer = -1;
  config.vision_feature_select_strategy = "full";
  llava::llava_model<double> model(config, {}, tiny::weights<double>{});
  llava::llava_state<double> state;
  llava::packed_batch<double> batch;
  tiny::append_picture(batch, tiny::picture::clean);
  tiny::append_answer(batch, "yw", -1);  // text only: the picture is encoded and not used
  run(model, batch, state);
  CHECK(state.vision.features.size() == 17 * 24);
  CHECK(sum(doubles(llava::download(state.vision.hidden))) ==
        near(tiny::number("vision_hidden_m1_sum"), 1e-11));
}

TEMPLATE_TEST_CASE("preference losses and their gradients are the reference's", "[llava][model]",
                   double, float)
{
  tiny::with_fixture const fixture(GENERATE(from_range(tiny::fixture_names())));
  CAPTURE(tiny::current_fixture());
  using tol = tolerance<TestType>;
  lora_model<TestType> model;
  llava::llava_state<TestType> state;
  auto const batch = tiny::preference_batch<TestType>();
  auto const reference = tiny::sequence_log_probs(
      tiny::score_rows(run<TestType>(model, batch, state, llava::adapters::off), batch), batch);
  CHECK(reference[0] == near(tiny::numbers("dpo_ref")[0], tol::log_probs));
  CHECK(reference[2] == near(tiny::numbers("base_logp_noisy_image")[0], tol::log_probs));

  auto const logits = run<TestType>(model, batch, state);
  auto const policy = tiny::sequence_log_probs(tiny::score_rows(logits, batch), batch);
  CHECK(policy[0] == near(tiny::numbers("dpo_pol")[0], tol::log_probs));
  CHECK(policy[1] == near(tiny::numbers("dpo_pol")[1], tol::log_probs));
  CHECK(policy[2] == near(tiny::numbers("dpo_poln")[0], tol::log_probs));
  auto const text = tiny::contrast(policy, reference, 1);
  auto const image = tiny::contrast(policy, reference, 2);
  CHECK(text.loss == near(tiny::number("dpo_loss_text"), tol::log_probs));
  CHECK(image.loss == near(tiny::number("dpo_loss_img"), tol::log_probs));
  double const h = tiny::number("dpo_beta") * (policy[0] - reference[0]);
  CHECK(std::log1p(std::exp(-h)) == near(tiny::number("dpo_loss_anchor"), tol::log_probs));

  SECTION("text")
  {
    model.zero_gradients();
    run_backward<TestType>(model, state, tiny::logits_gradient(logits, batch, text.seed));
    auto const& expected = tiny::golden().at("grad_loss_text_norm");
    CHECK(model.trained().size() == expected.size());
    for (auto const* p : model.trained()) {
      std::string key = p->name;
      if (key.ends_with(".lora_A.weight")) key.resize(key.size() - 14);
      if (key.ends_with(".lora_B.weight")) key = key.substr(0, key.size() - 14) + ".B";
      CAPTURE(p->name);
      CHECK(norm_of(p->gradient) == near(expected.at(key).template get<double>(), tol::gradients));
    }
    auto const& a =
        model.at("language_model.model.layers.0.self_attn.q_proj.lora_A.weight").gradient;
    check_elements(doubles(a.data(), 32), tiny::numbers("grad_loss_text_lora_A_q0_row0"),
                   tol::gradients);
    CHECK(llava::gradient_norm(model.trained()) ==
          near(tiny::number("grad_loss_text_global_norm"), tol::gradients));
  }
  SECTION("image")
  {
    model.zero_gradients();
    run_backward<TestType>(model, state, tiny::logits_gradient(logits, batch, image.seed));
    CHECK(llava::gradient_norm(model.trained()) ==
          near(tiny::number("grad_loss_img_global_norm"), tol::gradients));
  }
}

TEMPLATE_TEST_CASE("five AdamW steps are the reference's", "[llava][model][optimizer]", double,
                   float)
{
  tiny::with_fixture const fixture(GENERATE(from_range(tiny::fixture_names())));
  CAPTURE(tiny::current_fixture());
  using tol = tolerance<TestType>;
  lora_model<TestType> model;
  for (auto* p : model.trained()) p->decay = true;  // as the reference run did
  llava::llava_state<TestType> state;
  auto const batch = tiny::preference_batch<TestType>();
  auto const reference = tiny::sequence_log_probs(
      tiny::score_rows(run<TestType>(model, batch, state, llava::adapters::off), batch), batch);
  llava::adamw<TestType> optimizer{.options = {.weight_decay = 0.01}};
  for (auto const& expected : tiny::golden().at("adamw5_loss_text_plus_img__gradnorm_preclip")) {
    auto const logits = run<TestType>(model, batch, state);
    auto const policy = tiny::sequence_log_probs(tiny::score_rows(logits, batch), batch);
    auto const loss = tiny::contrast(policy, reference, 1) + tiny::contrast(policy, reference, 2);
    model.zero_gradients();
    run_backward<TestType>(model, state, tiny::logits_gradient(logits, batch, loss.seed));
    double const norm = llava::gradient_norm(model.trained());
    CHECK(loss.loss == near(expected.at(0).template get<double>(), tol::training));
    CHECK(norm == near(expected.at(1).template get<double>(), tol::training));
    optimizer.step(model.trained(), 1e-3, llava::clip_scale(norm, 1.0));
  }
  CHECK(optimizer.steps == 5);
}

namespace {

/// Two key/value heads, every tensor trained, sequences that share an image, repeat tokens and
/// differ in length, one of them without an image.
struct full_model {
  llava::llava_model<double> model;
  llava::packed_batch<double> batch;
  llava::llava_state<double> state;

  explicit full_model(llava::model_config const& config = tiny::config(2))
      : model(config,
              {.projector = true,
               .language_model = true,
               .vision_tower = true,
               .lora = {.rank = 2, .alpha = 3, .targets = {"q_proj", "o_proj", "*down_proj"}}},
              tiny::weights<double>{})
  {
    model.load_adapter(tiny::weights<double>{});
    tiny::append_picture(batch, tiny::picture::clean);
    tiny::append_picture(batch, tiny::picture::noisy);
    auto const image_tokens = static_cast<std::size_t>(config.image_tokens());
    tiny::append_answer(batch, "yl", 1, image_tokens);
    tiny::append_answer(batch, "yw", -1);
    tiny::append_answer(batch, "yw", 1, image_tokens);
    tiny::append_answer(batch, "yl", 0, image_tokens);
  }

  /// Fixed pseudo-random weights of the logits: the scalar is their dot product.
  std::vector<double> direction() const
  {
    auto const rows = static_cast<index_t>(batch.logit_rows.size());
    return llava::uniform_values<double>("direction", rows * 96, 0.1, 0);
  }

  double value()
  {
    auto const logits = run(model, batch, state);
    auto const weight = direction();
    double total = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) total += logits[i] * weight[i];
    return total;
  }

  void differentiate()
  {
    model.forward(batch, state);
    model.zero_gradients();
    run_backward(model, state, direction());
  }
};

/// Fourth-order central difference by one element of a parameter.
double difference_quotient(full_model& f, llava::parameter<double>& p, std::size_t element)
{
  auto const original = llava::download(p.values);
  double const h = 1e-3;
  auto const value_at = [&](double shift) {
    auto shifted = original;
    shifted[element] += shift;
    llava::assign(p, shifted);
    return f.value();
  };
  double const slope =
      (8 * (value_at(h) - value_at(-h)) - (value_at(2 * h) - value_at(-2 * h))) / (12 * h);
  llava::assign(p, original);
  return slope;
}

void check_all_gradients(full_model& f, int entries)
{
  f.differentiate();
  for (llava::parameter<double>* p : f.model.trained()) {
    CAPTURE(p->name);
    auto const gradient = llava::download(p->gradient);
    double largest = 0;
    std::size_t top = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      if (std::abs(gradient[i]) > largest) {
        largest = std::abs(gradient[i]);
        top = i;
      }
    }
    for (int entry = 0; entry < entries; ++entry) {
      double const u =
          llava::uniform_number(llava::hash_name(p->name), 1000000u + static_cast<unsigned>(entry));
      // The largest entry first: a gradient that is wrongly zero almost everywhere must not pass.
      std::size_t const i =
          entry == 0 ? top : static_cast<std::size_t>(u * static_cast<double>(gradient.size()));
      CAPTURE(i);
      // Truncation h^4 f^(5) / 30 and rounding 1e-16 |f| / h are both near 1e-12.
      CHECK(gradient[i] == Approx(difference_quotient(f, *p, i)).epsilon(1e-7).margin(1e-9));
    }
  }
}

}  // namespace

TEST_CASE("gradients of every tensor are central differences, with grouped-query attention",
          "[llava][model][gradient]")
{
  full_model f;
  CHECK(f.model.at("language_model.model.layers.0.self_attn.k_proj.weight").shape ==
        std::vector<index_t>{16, 32});
  // Everything but the last vision block (2 x 8 tensors) and post_layernorm (2) is trained.
  CHECK(f.model.trained().size() == f.model.parameters().size() - 18);
  check_all_gradients(f, 2);
  // Gradients of a key's bias vanish exactly, since softmax ignores a shift; most others do not.
  int zero = 0;
  for (auto const* p : f.model.trained()) zero += norm_of(p->gradient) < 1e-12 ? 1 : 0;
  CHECK(zero == 2);
}

TEST_CASE("gradients are central differences with class features and gelu in the tower",
          "[llava][model][gradient]")
{
  auto config = tiny::config(1);
  config.vision_feature_select_strategy = "full";
  config.vision.hidden_act = "gelu";
  config.vision_feature_layer = 1;
  config.vision.num_hidden_layers = 1;
  config.text.num_hidden_layers = 1;
  full_model f(config);
  CHECK(f.batch.rows() == 4 * 11 + 3 * 17 + 5 + 6 + 6 + 5);
  check_all_gradients(f, 1);
}

TEST_CASE("training every tensor gives the gradients that the device test compares with",
          "[llava][model][gradient]")
{
  llava::llava_model<double> model(tiny::config(2), tiny::full_training(), tiny::weights<double>{});
  llava::llava_state<double> state;
  auto const batch = tiny::full_batch<double>();
  auto const logits = run(model, batch, state);
  run_backward(model, state, tiny::logits_gradient(logits, batch, {-1.0}));
  for (auto const& expected : tiny::full_norms) {
    CAPTURE(expected.name);
    CHECK(norm_of(model.at(expected.name).gradient) == near(expected.norm, 1e-12));
  }
  CHECK(llava::gradient_norm(model.trained()) == near(tiny::full_norm, 1e-12));
}

TEST_CASE("packed sequences give what each gives alone", "[llava][model]")
{
  full_model f;
  f.differentiate();
  std::vector<std::vector<double>> packed;
  for (auto const* p : f.model.trained()) packed.push_back(llava::download(p->gradient));
  auto const logits = run(f.model, f.batch, f.state);
  auto const weight = f.direction();

  f.model.zero_gradients();
  std::size_t first_row = 0;
  for (index_t s = 0; s < f.batch.sequences(); ++s) {
    llava::packed_batch<double> alone;
    index_t const begin = f.batch.cu_seqlens[static_cast<std::size_t>(s)];
    index_t const end = f.batch.cu_seqlens[static_cast<std::size_t>(s + 1)];
    alone.ids = {f.batch.ids.begin() + begin, f.batch.ids.begin() + end};
    alone.cu_seqlens = {0, end - begin};
    alone.image = {f.batch.image[static_cast<std::size_t>(s)]};
    alone.pixels = f.batch.pixels;
    for (index_t row : f.batch.logit_rows) {
      if (row >= begin && row < end) alone.logit_rows.push_back(row - begin);
    }
    std::size_t const first = first_row * 96;
    std::size_t const last = first + alone.logit_rows.size() * 96;
    first_row += alone.logit_rows.size();
    llava::llava_state<double> state;
    auto const mine = run(f.model, alone, state);
    auto const slice = [&](std::vector<double> const& all) {
      return std::vector<double>(all.begin() + static_cast<std::ptrdiff_t>(first),
                                 all.begin() + static_cast<std::ptrdiff_t>(last));
    };
    check_elements(mine, slice(logits), 1e-13);  // a BLAS may add in another order
    run_backward(f.model, state, slice(weight));
  }
  CHECK(first_row == f.batch.logit_rows.size());
  for (std::size_t i = 0; i < packed.size(); ++i) {
    auto const* p = f.model.trained()[i];
    CAPTURE(p->name);
    if (norm_of(p->gradient) < 1e-12) continue;  // key biases: rounding only
    check_elements(llava::download(p->gradient), packed[i], 1e-12);
  }
}

TEST_CASE("a state may be reused for batches of other sizes", "[llava][model]")
{
  full_model f;
  auto const expected = run(f.model, f.batch, f.state);
  llava::packed_batch<double> small;
  tiny::append_answer(small, "yl", -1);
  run(f.model, small, f.state);
  CHECK(run(f.model, f.batch, f.state) == expected);
}

TEST_CASE("a batch without wanted logits has no gradient", "[llava][model]")
{
  full_model f;
  f.batch.logit_rows.clear();
  f.differentiate();
  CHECK(llava::gradient_norm(f.model.trained()) == 0);
}

#if defined(_OPENMP)
TEST_CASE("the number of host threads does not change a bit", "[llava][model]")
{
  full_model f;
  // Enough rows for the loops to exceed parallel_grain.
  for (int i = 0; i < 8; ++i) tiny::append_answer(f.batch, "yw", i % 2);
  int const before = omp_get_max_threads();
  std::vector<std::vector<double>> first;
  for (int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    f.differentiate();
    std::vector<std::vector<double>> gradients;
    for (auto const* p : f.model.trained()) gradients.push_back(llava::download(p->gradient));
    if (first.empty()) first = gradients;
    CHECK(gradients == first);
  }
  omp_set_num_threads(before);
}
#endif

TEST_CASE("malformed batches are named", "[llava][model]")
{
  lora_model<double> model;
  llava::llava_state<double> state;
  auto batch = tiny::preference_batch<double>();
  auto const fails = [&](char const* text) {
    CHECK_THROWS_WITH(model.forward(batch, state), ContainsSubstring(text));
  };
  SECTION("token id")
  {
    batch.ids[2] = 96;
    fails("ids[2] in 0..95, got 96");
  }
  SECTION("too few image tokens")
  {
    batch.ids[6] = 3;
    fails("image tokens of sequence 0 to be 16, got 15");
  }
  SECTION("image tokens in text")
  {
    batch.image[1] = -1;
    fails("image tokens of sequence 1 to be 0, got 16");
  }
  SECTION("image index")
  {
    batch.image[2] = 2;
    fails("image of sequence 2 in -1..1, got 2");
  }
  SECTION("cu_seqlens")
  {
    batch.cu_seqlens.back() += 1;
    fails("cu_seqlens to end at");
  }
  SECTION("empty sequence")
  {
    batch.cu_seqlens[1] = 0;
    fails("length of sequence 0");
  }
  SECTION("pixels")
  {
    batch.pixels.pop_back();
    fails("pixels as a multiple of 192");
  }
  SECTION("rows")
  {
    batch.logit_rows[1] = batch.logit_rows[0];
    fails("logit_rows ascending");
  }
}

TEST_CASE("only chosen layers get adapters", "[llava][model]")
{
  auto options = tiny::lora_training();
  options.lora.targets = {"q_proj", "v_proj"};
  llava::llava_model<float> by_suffix(tiny::config(), options, tiny::weights<float>{});
  CHECK(by_suffix.adapter_parameters().size() == 8);
  options.lora.targets = {"*.layers.1.*.gate_proj", "language_model.model.layers.1.mlp.up_proj"};
  llava::llava_model<float> by_pattern(tiny::config(), options, tiny::weights<float>{});
  REQUIRE(by_pattern.adapter_parameters().size() == 4);
  CHECK(by_pattern.adapter_parameters()[0]->name ==
        "language_model.model.layers.1.mlp.gate_proj.lora_A.weight");
  options.lora.targets = {"proj", "*.q", "layers.1.*.q_proj"};  // a pattern is for the whole path
  CHECK_THROWS_WITH(llava::llava_model<float>(tiny::config(), options, tiny::weights<float>{}),
                    ContainsSubstring("lora: expected targets"));
}

TEST_CASE("fresh adapters change nothing", "[llava][model]")
{
  llava::llava_model<double> model(tiny::config(), tiny::lora_training(), tiny::weights<double>{});
  llava::llava_state<double> state;
  auto const batch = tiny::preference_batch<double>();
  CHECK(run(model, batch, state) == run(model, batch, state, llava::adapters::off));
}

TEST_CASE("fresh weights have the usual scale and depend on name and seed only", "[llava][model]")
{
  llava::initial_weights<double> const initial{.seed = 7};
  CHECK(initial("language_model.model.norm.weight", {3}) == std::vector<double>(3, 1.0));
  CHECK(initial("multi_modal_projector.linear_1.bias", {3}) == std::vector<double>(3, 0.0));
  CHECK(initial("a.q_proj.lora_B.weight", {2, 2}) == std::vector<double>(4, 0.0));
  double largest = 0;
  for (double v : initial("a.q_proj.lora_A.weight", {8, 64})) {
    largest = std::max(largest, std::abs(v));
  }
  CHECK(largest <= 1.0 / 8);
  CHECK(largest > 0.12);  // 512 uniform draws come this close to the bound
  auto const embedding = initial("embed_tokens.weight", {100, 100});
  double squares = 0;
  for (double v : embedding) squares += v * v;
  CHECK(std::sqrt(squares / 1e4) == Approx(0.02).epsilon(0.02));  // four standard errors
  CHECK(initial("embed_tokens.weight", {100, 100}) == embedding);
  CHECK(llava::initial_weights<double>{.seed = 8}("embed_tokens.weight", {100, 100}) != embedding);
}

TEMPLATE_TEST_CASE("matrix products agree with the definition", "[llava][gemm]", double, float)
{
  using Real = TestType;
  struct shape {
    index_t m, n, k;
  };
  for (shape s : {shape{1, 1, 1}, shape{3, 17, 5}, shape{33, 16, 129}, shape{32, 31, 128},
                  shape{70, 40, 300}, shape{5, 2, 0}}) {
    for (op ta : {op::none, op::transpose}) {
      for (op tb : {op::none, op::transpose}) {
        for (Real beta : {Real(0), Real(0.5)}) {
          // Leading dimensions exceed the rows, two problems, C starts as NaN where it is not read.
          index_t const lda = (ta == op::none ? s.k : s.m) + 2;
          index_t const ldb = (tb == op::none ? s.n : s.k) + 1;
          index_t const ldc = s.n + 3;
          index_t const size_a = lda * ((ta == op::none ? s.m : s.k) + 1);
          index_t const size_b = ldb * ((tb == op::none ? s.k : s.n) + 1);
          index_t const size_c = ldc * s.m;
          auto const a = llava::uniform_values<Real>("a", 2 * size_a, 1, 0);
          auto const b = llava::uniform_values<Real>("b", 2 * size_b, 1, 0);
          std::vector<Real> c(static_cast<std::size_t>(2 * size_c),
                              beta == 0 ? std::numeric_limits<Real>::quiet_NaN() : Real(2));
          llava::buffer<Real> da, db, by_default, by_tile, by_element;
          llava::upload(a, da);
          llava::upload(b, db);
          for (auto* d : {&by_default, &by_tile, &by_element}) llava::upload(c, *d);
          llava::gemm_batched(ta, tb, s.m, s.n, s.k, Real(1.5), da.data(), lda, size_a, db.data(),
                              ldb, size_b, beta, by_default.data(), ldc, size_c, index_t{2});
          llava::detail::gemm_problem<Real> problem{
              ta,     tb,        s.m, s.n,    s.k,  Real(1.5),      da.data(), lda,
              size_a, db.data(), ldb, size_b, beta, by_tile.data(), ldc,       size_c};
          using tile = llava::detail::gemm_tile<Real>;
          llava::for_each_index(2 * tile::tiles(problem), 1, tile{problem});
          problem.c = by_element.data();
          llava::for_each_index(2 * s.m * s.n, 1, llava::detail::gemm_element<Real>{problem});
          for (auto const* d : {&by_default, &by_tile, &by_element}) {
            auto const got = llava::download(*d);
            double worst = 0;
            for (index_t p = 0; p < 2; ++p) {
              for (index_t i = 0; i < s.m; ++i) {
                for (index_t j = 0; j < s.n; ++j) {
                  double expected = beta == 0 ? 0 : static_cast<double>(beta) * 2;
                  for (index_t l = 0; l < s.k; ++l) {
                    index_t const at_a = p * size_a + (ta == op::none ? i * lda + l : l * lda + i);
                    index_t const at_b = p * size_b + (tb == op::none ? l * ldb + j : j * ldb + l);
                    expected += 1.5 * static_cast<double>(a[static_cast<std::size_t>(at_a)]) *
                                static_cast<double>(b[static_cast<std::size_t>(at_b)]);
                  }
                  double const error = std::abs(
                      static_cast<double>(got[static_cast<std::size_t>(p * size_c + i * ldc + j)]) -
                      expected);
                  worst = std::isnan(error) ? INFINITY : std::max(worst, error);
                }
              }
            }
            // At most 300 products of magnitude 1.5.
            CHECK(worst <= 300 * 1.5 * static_cast<double>(std::numeric_limits<Real>::epsilon()));
          }
        }
      }
    }
  }
}

TEST_CASE("AdamW follows its formula", "[llava][optimizer]")
{
  llava::parameter<double> decayed, plain;
  decayed.name = "w";
  plain.name = "b";
  plain.decay = false;
  for (auto* p : {&decayed, &plain}) {
    p->shape = {1};
    llava::assign(*p, std::vector<double>{2.0});
    llava::upload(std::vector<double>{-4.0}, p->gradient);
  }
  std::vector<llava::parameter<double>*> const both{&decayed, &plain};
  llava::adamw<double> optimizer{.options = {.epsilon = 0.1, .weight_decay = 0.1}};
  optimizer.step(both, 0.01, 0.5);
  // First step: m / (1 - b1) = g = -2, sqrt(v / (1 - b2)) = 2.
  CHECK(llava::download(decayed.values)[0] ==
        Approx(2 * (1 - 0.001) + 0.01 * 2 / 2.1).epsilon(1e-14));
  CHECK(llava::download(plain.values)[0] == Approx(2 + 0.01 * 2 / 2.1).epsilon(1e-14));
  CHECK(llava::download(optimizer.moments[0].first)[0] == Approx(-0.2).epsilon(1e-14));
  CHECK(llava::download(optimizer.moments[0].second)[0] == Approx(0.004).epsilon(1e-13));
  CHECK_THROWS_WITH(optimizer.step({&plain}, 0.01),
                    ContainsSubstring("moments of 1 parameters, got 2"));

  CHECK(llava::gradient_norm(both) == Approx(std::sqrt(32.0)).epsilon(1e-14));
  llava::upload(std::vector<double>{std::nan("")}, plain.gradient);
  CHECK_THROWS_WITH(llava::gradient_norm(both), ContainsSubstring("gradient of b"));
}

TEST_CASE("clipping scales down, never up", "[llava][optimizer]")
{
  CHECK(llava::clip_scale(0.5, 1.0) == 1.0);
  CHECK(llava::clip_scale(4.0, 1.0) == Approx(1 / 4.000001).epsilon(1e-14));
  CHECK(llava::clip_scale(0.0, 1.0) == 1.0);
  CHECK(llava::clip_scale(4.0, 0.0) == 1.0);
}

TEST_CASE("the learning rate warms up linearly and falls as a cosine", "[llava][optimizer]")
{
  llava::warmup_cosine const rate{.learning_rate = 2.0, .total_steps = 101, .warmup_ratio = 0.03};
  CHECK(rate.warmup_steps() == 4);
  CHECK(rate(0) == Approx(0.4).epsilon(1e-14));
  CHECK(rate(1) == Approx(0.8).epsilon(1e-14));
  CHECK(rate(4) == Approx(2.0).epsilon(1e-14));
  CHECK(rate(4 + 97) == Approx(0.0).margin(1e-14));
  CHECK(rate(200) == Approx(0.0).margin(1e-14));
  llava::warmup_cosine const even{.learning_rate = 2.0, .total_steps = 100, .warmup_ratio = 0};
  CHECK(even(0) == 2.0);
  CHECK(even(50) == Approx(1.0).epsilon(1e-14));
  CHECK(even(25) == Approx(1 + std::sqrt(0.5)).epsilon(1e-14));
}
