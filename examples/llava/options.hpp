// SPDX-License-Identifier: MIT
#pragma once
/// \file  The settings of a training run, as the command line gives them and run.json keeps them.

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// Defaults follow mDPO's published recipe (beta, LoRA, cosine, warm-up) and MFPO's paper where it
/// speaks (eta, weights, noise step, levels, order). MFPO does not state beta, learning rate, batch
/// or what is trained.
struct run_options {
  std::string model;   // folder with config.json, weights and tokenizer.model
  std::string pairs;   // JSONL file
  std::string images;  // folder that image paths are relative to
  std::string prompt = "vicuna_v1";
  std::string image_mode = "pad";  // or "crop"

  double beta = 0.1;
  double eta = 0;
  double text_weight = 1;
  double image_weight = 1;
  double margin_weight = 1;

  std::string noise_schedule = "sigmoid";  // "linear", "cosine"
  index_t noise_step = 500;
  std::uint64_t seed = 0;

  std::string train = "lora";  // "lora", "lora_projector", "full" (decoder and projector)
  index_t lora_rank = 64;
  double lora_alpha = 128;

  std::string curriculum = "one_pass";     // "baby_steps", "all_at_once"
  std::string difficulty = "entropy_sum";  // "entropy_mean", "vocabulary_entropy", "nll_mean"
  index_t levels = 3;
  index_t epochs_per_level = 1;

  index_t batch = 32;       // pairs per optimizer step
  index_t micro_batch = 1;  // pairs per forward pass
  double learning_rate = 1e-5;
  double warmup = 0.1;
  double weight_decay = 0.05;
  double max_grad_norm = 1;
  index_t max_length = 2048;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(run_options, model, pairs, images, prompt, image_mode, beta, eta,
                                   text_weight, image_weight, margin_weight, noise_schedule,
                                   noise_step, seed, train, lora_rank, lora_alpha, curriculum,
                                   difficulty, levels, epochs_per_level, batch, micro_batch,
                                   learning_rate, warmup, weight_decay, max_grad_norm, max_length)

/// Throws std::invalid_argument: no piece of the program goes by this name. For the end of every
/// choice by name, so that a name that check_options() knows and a choice forgot is not a default.
[[noreturn]] void throw_unknown(std::string const& option, std::string const& got);

/// Throws std::invalid_argument that names the first option out of its range.
void check_options(run_options const& options);

}  // namespace llava
