// SPDX-License-Identifier: MIT
#pragma once
/// \file  One MFPO run from a checkpoint and preference pairs to a trained model and its table.

#include <filesystem>

#include "llava/options.hpp"

namespace llava {

/// What does not belong to the run itself and may differ between its parts.
struct run_control {
  std::filesystem::path output;
  index_t save_every = 10;  // optimizer steps between checkpoints
  index_t stop_after =
      0;  // stop (with a checkpoint) after this many steps in this process; 0 = never
};

/// Trains, or goes on with a run that was stopped or killed, and writes into `control.output`:
/// run.json (options), reference.safetensors, curriculum.json (levels and order), checkpoints/,
/// metrics.jsonl, report.json, report.txt, and adapter/ or model/. Returns whether the run is
/// complete. SIGINT and SIGTERM end the training after the current step, with a checkpoint.
bool train(run_options const& options, run_control const& control);

/// Writes a randomly initialised tiny LLaVA in Hugging Face's layout (config.json,
/// model.safetensors, tokenizer.model) around a tokenizer.
void make_tiny_model(std::filesystem::path const& folder, std::filesystem::path const& tokenizer,
                     std::uint64_t seed);

}  // namespace llava
