// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a run works on: options, pairs, model, reference, ranking.

#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "llava/checkpoint/config.hpp"
#include "llava/checkpoint/safetensors.hpp"
#include "llava/checkpoint/tensor_names.hpp"
#include "llava/data/prepared_pairs.hpp"
#include "llava/data/reference.hpp"
#include "llava/loss/preference_step.hpp"
#include "llava/model/init.hpp"
#include "llava/model/llava.hpp"
#include "llava/options.hpp"
#include "llava/tokenizer/prompt.hpp"

namespace llava {

/// The precision of training.
using real = float;

/// Everything a run works on.
struct session {
  run_options options;
  std::vector<prepared_pair> pairs;
  pixel_source pixels;
  llava_model<real> model;
  preference_step<real> step{model};
  reference_scores reference{};
  std::vector<index_t> order{};          // easy to hard
  std::vector<index_t> level_offsets{};  // levels + 1
};

inline training_options what_to_train(run_options const& o)
{
  if (o.train == "full") { return {.projector = true, .language_model = true}; }
  if (o.train != "lora" && o.train != "lora_projector") { throw_unknown("train", o.train); }
  return {.projector = o.train == "lora_projector",
          .lora = {.rank = o.lora_rank, .alpha = o.lora_alpha, .seed = o.seed}};
}

inline session open_session(run_options const& options)
{
  model_config const config = read_model_config(options.model);
  tokenizer const tokens = tokenizer::open(options.model);
  prompt_options const prompt{
      .format = prompt_template_named(options.prompt),
      .image_tokens = config.image_tokens(),
      .image_token = static_cast<token_id>(config.image_token_index),
      .max_length = std::min(options.max_length, config.text.max_position_embeddings)};
  tensor_file const weights = tensor_file::open(options.model, canonical_name);
  initial_weights<real> const fresh{options.seed};
  auto const load = [&](std::string const& name, std::vector<index_t> const& shape) {
    bool const adapter = name.find(".lora_") != std::string::npos;
    return adapter ? fresh(name, shape) : weights.load<real>(name, shape);
  };
  return {options, prepare_pairs(options, tokens, prompt),
          pixel_source(options, config.vision.image_size),
          llava_model<real>(config, what_to_train(options), load)};
}

/// Calls f(indices, pairs, pixels) for all pairs in `indices`, a micro-batch at a time.
template <class Function>
inline void for_each_micro_batch(session& s, std::span<index_t const> indices, Function f)
{
  auto const size = static_cast<std::size_t>(s.options.micro_batch);
  for (std::size_t first = 0; first < indices.size(); first += size) {
    auto const part = indices.subspan(first, std::min(size, indices.size() - first));
    std::vector<prepared_pair const*> pairs;
    std::vector<pair_pixels> pixels;
    for (index_t i : part) {
      pairs.push_back(&s.pairs[static_cast<std::size_t>(i)]);
      pixels.push_back(s.pixels.get(*pairs.back(), i));
    }
    f(part, pairs, pixels);
  }
}

inline std::vector<index_t> all_indices(session const& s)
{
  std::vector<index_t> indices(s.pairs.size());
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

}  // namespace llava
