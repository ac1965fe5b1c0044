// SPDX-License-Identifier: MIT
#pragma once
/// \file  Makes the layers of a model from named tensors.

#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

#include "llava/checkpoint/config.hpp"
#include "llava/model/decoder.hpp"
#include "llava/model/init.hpp"
#include "llava/model/parameter.hpp"
#include "llava/model/projector.hpp"
#include "llava/model/training.hpp"
#include "llava/model/vision.hpp"

namespace llava {

/// Gives a parameter new values. Throws std::invalid_argument naming it if their number is wrong.
template <class Real>
void assign(parameter<Real>& p, std::vector<Real> const& values)
{
  if (static_cast<index_t>(values.size()) != element_count(p.shape)) {
    throw std::invalid_argument("tensor " + p.name + ": expected " +
                                std::to_string(element_count(p.shape)) + " values, got " +
                                std::to_string(values.size()));
  }
  upload(values, p.values);
}

/// Appends parameters to a list (of stable addresses) in the order in which layers are made.
template <class Real, class Load>
struct model_builder {
  std::deque<parameter<Real>>& parameters;
  training_options const& training;
  Load& load;

  parameter<Real>* tensor(std::string const& name, std::vector<index_t> shape, bool trained)
  {
    return add(name, std::move(shape), trained, load);
  }

  norm<Real> make_norm(std::string const& path, index_t width, double epsilon, bool bias,
                       bool trained)
  {
    norm<Real> n{.width = width, .epsilon = static_cast<Real>(epsilon)};
    n.weight = tensor(path + ".weight", {width}, trained);
    if (bias) n.bias = tensor(path + ".bias", {width}, trained);
    return n;
  }

  linear<Real> make_linear(std::string const& path, index_t in, index_t out, bool bias,
                           bool trained)
  {
    linear<Real> l{.in = in, .out = out};
    l.weight = tensor(path + ".weight", {out, in}, trained);
    if (bias) l.bias = tensor(path + ".bias", {out}, trained);
    return l;
  }

  /// A linear layer of the decoder, which may get an adapter.
  linear<Real> make_decoder_linear(std::string const& path, index_t in, index_t out)
  {
    linear<Real> l = make_linear(path, in, out, false, training.language_model);
    lora_options const& lora = training.lora;
    if (!lora.selects(path)) return l;
    initial_weights<Real> initial{.seed = lora.seed};
    l.lora_a = add(path + ".lora_A.weight", {lora.rank, in}, true, initial);
    l.lora_b = add(path + ".lora_B.weight", {out, lora.rank}, true, initial);
    l.lora_scale = static_cast<Real>(lora.alpha / static_cast<double>(lora.rank));
    return l;
  }

  decoder_block<Real> make_decoder_block(std::string const& path, text_config const& c)
  {
    index_t const hidden = c.hidden_size;
    index_t const inner = c.intermediate_size;
    index_t const key_size = c.num_key_value_heads * c.head_dim();
    bool const trained = training.language_model;
    decoder_block<Real> b;
    b.norm1 = make_norm(path + ".input_layernorm", hidden, c.rms_norm_eps, false, trained);
    b.query = make_decoder_linear(path + ".self_attn.q_proj", hidden, hidden);
    b.key = make_decoder_linear(path + ".self_attn.k_proj", hidden, key_size);
    b.value = make_decoder_linear(path + ".self_attn.v_proj", hidden, key_size);
    b.out = make_decoder_linear(path + ".self_attn.o_proj", hidden, hidden);
    b.norm2 = make_norm(path + ".post_attention_layernorm", hidden, c.rms_norm_eps, false, trained);
    b.gate = make_decoder_linear(path + ".mlp.gate_proj", hidden, inner);
    b.up = make_decoder_linear(path + ".mlp.up_proj", hidden, inner);
    b.down = make_decoder_linear(path + ".mlp.down_proj", inner, hidden);
    return b;
  }

  vision_block<Real> make_vision_block(std::string const& path, vision_config const& c,
                                       bool trained)
  {
    index_t const hidden = c.hidden_size;
    index_t const inner = c.intermediate_size;
    vision_block<Real> b;
    b.norm1 = make_norm(path + ".layer_norm1", hidden, c.layer_norm_eps, true, trained);
    b.query = make_linear(path + ".self_attn.q_proj", hidden, hidden, true, trained);
    b.key = make_linear(path + ".self_attn.k_proj", hidden, hidden, true, trained);
    b.value = make_linear(path + ".self_attn.v_proj", hidden, hidden, true, trained);
    b.out = make_linear(path + ".self_attn.out_proj", hidden, hidden, true, trained);
    b.norm2 = make_norm(path + ".layer_norm2", hidden, c.layer_norm_eps, true, trained);
    b.fc1 = make_linear(path + ".mlp.fc1", hidden, inner, true, trained);
    b.fc2 = make_linear(path + ".mlp.fc2", inner, hidden, true, trained);
    return b;
  }

  /// Blocks after the selected hidden state are loaded, so that saving is complete, but neither run
  /// nor trained; the same holds for post_layernorm.
  vision_tower<Real> make_vision_tower(model_config const& config)
  {
    vision_config const& c = config.vision;
    bool const trained = training.vision_tower;
    std::string const path = "vision_tower.vision_model";
    vision_tower<Real> t{.config = c};
    t.trained = trained;
    t.keep_class_row = config.vision_feature_select_strategy == "full";
    t.class_embedding = tensor(path + ".embeddings.class_embedding", {c.hidden_size}, trained);
    t.patch_embedding = linear<Real>{.in = detail::patch_elements(c), .out = c.hidden_size};
    t.patch_embedding.weight = tensor(path + ".embeddings.patch_embedding.weight",
                                      {c.hidden_size, 3, c.patch_size, c.patch_size}, trained);
    t.position_embedding = tensor(path + ".embeddings.position_embedding.weight",
                                  {c.patches() + 1, c.hidden_size}, trained);
    t.pre_norm = make_norm(path + ".pre_layrnorm", c.hidden_size, c.layer_norm_eps, true, trained);
    for (index_t b = 0; b < c.num_hidden_layers; ++b) {
      bool const runs = b < config.vision_blocks();
      auto block =
          make_vision_block(path + ".encoder.layers." + std::to_string(b), c, trained && runs);
      if (runs) t.blocks.push_back(block);
    }
    make_norm(path + ".post_layernorm", c.hidden_size, c.layer_norm_eps, true, false);
    return t;
  }

  projector<Real> make_projector(model_config const& config)
  {
    index_t const hidden = config.text.hidden_size;
    bool const trained = training.projector;
    return {make_linear("multi_modal_projector.linear_1", config.vision.hidden_size, hidden, true,
                        trained),
            make_linear("multi_modal_projector.linear_2", hidden, hidden, true, trained)};
  }

 private:
  template <class Source>
  parameter<Real>* add(std::string const& name, std::vector<index_t> shape, bool trained,
                       Source& source)
  {
    parameter<Real>& p = parameters.emplace_back();
    p.name = name;
    p.shape = std::move(shape);
    p.trained = trained;
    p.decay = !is_norm_name(name) && !is_bias_name(name);
    assign<Real>(p, source(p.name, p.shape));
    if (trained) fill(p.gradient.resize(p.size()), p.size(), Real(0));
    return &p;
  }
};

}  // namespace llava
