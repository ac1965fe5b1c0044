// SPDX-License-Identifier: MIT
/// \file  Command line of the reference trainer.

#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "llava/train.hpp"

namespace {

void add_run_options(CLI::App& app, llava::run_options& o)
{
  app.add_option("--model", o.model,
                 "LLaVA checkpoint in Hugging Face layout, with tokenizer.model")
      ->required();
  app.add_option("--pairs", o.pairs,
                 "preference pairs, JSONL: question, chosen, rejected, image, mask")
      ->required();
  app.add_option("--images", o.images,
                 "folder that image paths are relative to; default: that of --pairs");
  app.add_option("--prompt", o.prompt, "vicuna_v1, llava_v1 or hugging_face")
      ->capture_default_str();
  app.add_option("--image-mode", o.image_mode, "pad or crop")->capture_default_str();
  app.add_option("--beta", o.beta, "strength of the KL term")->capture_default_str();
  app.add_option("--eta", o.eta, "margin of the anchor, on the reward scale")
      ->capture_default_str();
  app.add_option("--text-weight", o.text_weight)->capture_default_str();
  app.add_option("--image-weight", o.image_weight)->capture_default_str();
  app.add_option("--margin-weight", o.margin_weight)->capture_default_str();
  app.add_option("--noise-schedule", o.noise_schedule, "sigmoid, linear or cosine")
      ->capture_default_str();
  app.add_option("--noise-step", o.noise_step, "0 to 999")->capture_default_str();
  app.add_option("--seed", o.seed, "of noise, order and adapters")->capture_default_str();
  app.add_option("--train", o.train, "lora, lora_projector, or full: decoder and projector")
      ->capture_default_str();
  app.add_option("--lora-rank", o.lora_rank)->capture_default_str();
  app.add_option("--lora-alpha", o.lora_alpha)->capture_default_str();
  app.add_option("--curriculum", o.curriculum, "one_pass, baby_steps or all_at_once")
      ->capture_default_str();
  app.add_option("--difficulty", o.difficulty,
                 "entropy_sum, entropy_mean, vocabulary_entropy or nll_mean")
      ->capture_default_str();
  app.add_option("--levels", o.levels)->capture_default_str();
  app.add_option("--epochs-per-level", o.epochs_per_level)->capture_default_str();
  app.add_option("--batch", o.batch, "pairs per optimizer step")->capture_default_str();
  app.add_option("--micro-batch", o.micro_batch, "pairs per forward pass")->capture_default_str();
  app.add_option("--learning-rate", o.learning_rate)->capture_default_str();
  app.add_option("--warmup", o.warmup, "share of the steps")->capture_default_str();
  app.add_option("--weight-decay", o.weight_decay)->capture_default_str();
  app.add_option("--max-grad-norm", o.max_grad_norm, "0 clips nothing")->capture_default_str();
  app.add_option("--max-length", o.max_length, "tokens of a sequence, image included")
      ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv)
{
  CLI::App app{"MFPO for LLaVA: modality-fair preference optimisation (arXiv 2410.15334)"};
  app.require_subcommand(1);
  app.option_defaults()->take_last();  // so that scripts may give defaults before "$@"

  llava::run_options options;
  llava::run_control control;
  auto* train = app.add_subcommand("train", "trains, or goes on with a run that was stopped");
  add_run_options(*train, options);
  train->add_option("--output", control.output, "folder of the run")->required();
  train->add_option("--save-every", control.save_every, "steps between checkpoints")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  train->add_option("--stop-after", control.stop_after,
                    "stop after this many steps; 0 = at the end");

  std::filesystem::path folder, tokenizer;
  std::uint64_t seed = 0;
  auto* tiny = app.add_subcommand("make-tiny", "writes a randomly initialised tiny LLaVA");
  tiny->add_option("--output", folder)->required();
  tiny->add_option("--tokenizer", tokenizer, "SentencePiece tokenizer.model")->required();
  tiny->add_option("--seed", seed);

  CLI11_PARSE(app, argc, argv);
  try {
    if (*tiny) {
      llava::make_tiny_model(folder, tokenizer, seed);
      return 0;
    }
    if (options.images.empty()) {
      options.images = std::filesystem::path(options.pairs).parent_path().string();
    }
    return llava::train(options, control) ? 0 : 3;
  } catch (std::exception const& error) {
    std::cerr << "llava: " << error.what() << '\n';
    return 1;
  }
}
