// SPDX-License-Identifier: MIT
/// \file  A step of the reference trainer (examples/llava) beside the forward and backward pass of
/// its model alone: what MFPO adds to any training is log-probabilities, loss, seeds and the
/// gradient of the logits.
///
/// Arguments: pairs, threads. The model is small, so the share of what is ours is larger than in
/// training. The loss is checked before anything is timed. `OMP_WAIT_POLICY=passive` keeps OpenMP's
/// threads from spinning while the BLAS's work; compare medians of interleaved runs, as
/// bench/head.cpp says.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <benchmark/benchmark.h>
#include <omp.h>

#include <prefopt/core/self_check.hpp>

#include "llava/loss/preference_step.hpp"
#include "llava/model/init.hpp"
#include "llava/model/llava.hpp"
#include "llava/optimizer/adamw.hpp"
#include "run.hpp"

namespace {

using llava::index_t;

llava::model_config small_model()
{
  llava::model_config config;
  config.text.hidden_size = 512;
  config.text.intermediate_size = 1376;
  config.text.num_hidden_layers = 2;
  config.text.num_attention_heads = config.text.num_key_value_heads = 8;
  config.text.vocab_size = 32064;
  config.vision.hidden_size = 256;
  config.vision.intermediate_size = 1024;
  config.vision.num_hidden_layers = 2;
  config.vision.num_attention_heads = 4;
  config.vision.image_size = 56;
  config.vision.patch_size = 14;
  return config;
}

/// A model with adapters, and pairs of a picture, 32 tokens of prompt and answers of 64.
struct trainer {
  static constexpr index_t prompt = 32, answer = 64;

  llava::model_config config = small_model();
  llava::llava_model<float> model{
      config, {.lora = {.rank = 64, .alpha = 128}}, llava::initial_weights<float>{}};
  llava::preference_step<float> step{model};
  llava::adamw<float> adam{};
  prefopt::mfpo<float> loss{};
  std::vector<llava::prepared_pair> pairs;
  std::vector<llava::prepared_pair const*> batch;
  std::vector<llava::pair_pixels> pixels;
  llava::pair_columns<float> reference;
  llava::packed_batch<float> packed;  // the same sequences, for the model alone
  llava::llava_state<float> state;

  explicit trainer(benchmark::State const& bench)
  {
    omp_set_num_threads(static_cast<int>(bench.range(1)));
#if defined(LLAVA_USE_CBLAS)
    openblas_set_num_threads(static_cast<int>(bench.range(1)));
#endif
    auto const count = bench.range(0);
    auto const picture =
        static_cast<std::size_t>(3 * config.vision.image_size * config.vision.image_size);
    for (index_t i = 0; i < count; ++i) {
      pairs.push_back({tokens(2 * i), tokens(2 * i + 1), {}, {}, {}});
      pixels.push_back({std::vector<float>(picture, 0.5f), std::vector<float>(picture, -0.5f)});
    }
    for (auto const& pair : pairs) { batch.push_back(&pair); }
    index_t image = 0;
    for (auto const& pair : pairs) { append(pair.chosen, image++); }
    for (auto const& pair : pairs) { append(pair.rejected, image++ - count); }
    for (auto const& pair : pairs) { append(pair.chosen, image++ - count); }
    packed.pixels.assign(2 * pairs.size() * picture, 0.5f);
    reference = step.forward(batch, pixels);
  }

  llava::answer_tokens tokens(index_t seed) const
  {
    llava::answer_tokens made{std::vector<index_t>(static_cast<std::size_t>(config.image_tokens()),
                                                   config.image_token_index),
                              config.image_tokens() + prompt};
    for (index_t t = 0; t < prompt + answer; ++t) {
      made.ids.push_back((t * 7919 + seed * 104729) % 32000);
    }
    return made;
  }
  void append(llava::answer_tokens const& of, index_t image)
  {
    llava::append_sequence(packed, of.ids, of.answer_begin, image);
  }

  /// Logits and, from any gradient of theirs, the gradients of the adapters.
  void pass_of_the_model()
  {
    model.forward(packed, state);
    model.backward(state, state.logits.data());
  }
  std::vector<float> pass_with_loss()
  {
    step.forward(batch, pixels);
    return step.backward(loss, reference, 1 / static_cast<float>(batch.size()));
  }

  /// A policy that is its own reference has a loss that is known.
  void check()
  {
    double const wanted = prefopt::expected_initial_loss(prefopt::mfpo<double>{});
    for (float const got : pass_with_loss()) {
      if (!(std::abs(static_cast<double>(got) - wanted) < 1e-5 * wanted)) {
        std::fprintf(stderr, "wrong result: a loss of %g for %g\n", static_cast<double>(got),
                     wanted);
        std::exit(1);
      }
    }
  }
};

void report(benchmark::State& state)
{
  state.SetItemsProcessed(state.range(0) * static_cast<std::int64_t>(state.iterations()));
}

// Each is run once before, for its memory.
void model_alone(benchmark::State& state)
{
  trainer t(state);
  t.pass_of_the_model();
  for (auto _ : state) { t.pass_of_the_model(); }
  report(state);
}

void preference_step(benchmark::State& state)
{
  trainer t(state);
  t.check();
  for (auto _ : state) { t.pass_with_loss(); }
  report(state);
}

void step_and_optimizer(benchmark::State& state)
{
  trainer t(state);
  t.check();
  t.adam.reset(t.model.trained());
  for (auto _ : state) {
    t.model.zero_gradients();
    t.pass_with_loss();
    double const norm = llava::gradient_norm(t.model.trained());
    t.adam.step(t.model.trained(), 1e-6, llava::clip_scale(norm, 1.0));
  }
  report(state);
}

void arguments(benchmark::internal::Benchmark* b)
{
  b->ArgNames({"pairs", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (int const threads : {1, 2}) { b->Args({2, threads}); }
}

BENCHMARK(model_alone)->Apply(arguments);
BENCHMARK(preference_step)->Apply(arguments);
BENCHMARK(step_and_optimizer)->Apply(arguments);

}  // namespace

int main(int argc, char** argv)
{
  return run_benchmarks(argc, argv);
}
