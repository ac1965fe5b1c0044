// SPDX-License-Identifier: MIT
#pragma once
/// \file  LLaVA: vision tower, projector and decoder as one model, forward and backward.
///
///     llava_model<float> model(config, {.lora = {.rank = 128, .alpha = 256}}, load);
///     llava_state<float> state;                    // keeps its memory from step to step
///     model.forward(batch, state);                 // state.logits: one row per batch.logit_rows
///     ... logits -> loss -> d_logits ...           // may be written over state.logits
///     model.zero_gradients();
///     model.backward(state, state.logits.data());
///     for (parameter<float>* p : model.trained()) ... p->gradient ...

#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "llava/checkpoint/config.hpp"
#include "llava/model/batch.hpp"
#include "llava/model/builder.hpp"
#include "llava/model/embedding.hpp"

namespace llava {

/// Everything one forward pass leaves for its backward pass, and the memory both work in.
template <class Real>
struct llava_state {
  packing pack;
  index_t images = 0;
  rope_table<Real> rope;
  buffer<index_t> text_id;      // -1 where a row is an image feature
  buffer<index_t> feature_row;  // -1 where a row is a token
  buffer<index_t> logit_row;
  buffer<Real> pixels;
  vision_state<Real> vision;
  projector_state<Real> projector;
  std::vector<decoder_block_state<Real>> blocks;
  buffer<Real> stream;    // output of the last block, [rows, hidden]
  buffer<Real> selected;  // its logit rows
  norm_state<Real> final_norm;
  buffer<Real> normed;
  buffer<Real> logits;  // [logit rows, vocab]
  buffer<Real> normed_gradient;
  buffer<Real> selected_gradient;
  buffer<Real> projected_gradient;
  buffer<Real> feature_gradient;
  layer_scratch<Real> scratch;
};

/// Whether LoRA adapters take part; without them the model is its own reference, as long as nothing
/// else has been trained.
enum class adapters { off, on };

/// Whether a forward pass keeps what backward() needs: per row and block 8 hidden + 2 intermediate
/// sizes of numbers, by far the most of a run's memory.
enum class keep { nothing, everything };

template <class Real>
class llava_model {
 public:
  /// `load(name, shape)` returns a tensor's values (std::vector<Real>) by its Hugging Face name,
  /// such as tensor_file::load or initial_weights. Adapters start as PEFT's: B = 0. Throws
  /// std::invalid_argument for a configuration that does not fit together.
  template <class Load>
  llava_model(model_config const& config, training_options const& training, Load load)
      : config_(config)
  {
    check_model_config(config);
    model_builder<Real, Load> make{parameters_, training, load};
    bool const trained = training.language_model;
    index_t const hidden = config.text.hidden_size;
    index_t const vocab = config.text.vocab_size;
    embedding_ = make.tensor("language_model.model.embed_tokens.weight", {vocab, hidden}, trained);
    decoder_.config = config.text;
    for (index_t b = 0; b < config.text.num_hidden_layers; ++b) {
      decoder_.blocks.push_back(
          make.make_decoder_block("language_model.model.layers." + std::to_string(b), config.text));
    }
    final_norm_ = make.make_norm("language_model.model.norm", hidden, config.text.rms_norm_eps,
                                 false, trained);
    head_ = make.make_linear("language_model.lm_head", hidden, vocab, false, trained);
    projector_ = make.make_projector(config);
    tower_ = make.make_vision_tower(config);
    for (parameter<Real>& p : parameters_) {
      if (p.trained) trained_.push_back(&p);
    }
    if (training.lora.rank > 0 && adapter_parameters().empty()) {
      throw std::invalid_argument(
          "lora: expected targets that name a linear layer of the decoder, "
          "got none that matches");
    }
  }

  llava_model(llava_model const&) = delete;  // layers point into parameters_
  llava_model& operator=(llava_model const&) = delete;

  model_config const& config() const { return config_; }

  /// All tensors, adapters included, in the order of the layers.
  std::deque<parameter<Real>>& parameters() { return parameters_; }
  std::deque<parameter<Real>> const& parameters() const { return parameters_; }

  /// Those that have a gradient, in the same order.
  std::vector<parameter<Real>*> const& trained() const { return trained_; }

  /// LoRA factors `<module path>.lora_A.weight` and `.lora_B.weight`.
  std::vector<parameter<Real>*> adapter_parameters()
  {
    std::vector<parameter<Real>*> found;
    for (parameter<Real>& p : parameters_) {
      if (p.name.ends_with(".lora_A.weight") || p.name.ends_with(".lora_B.weight")) {
        found.push_back(&p);
      }
    }
    return found;
  }

  /// Replaces the adapters by load(name, shape).
  template <class Load>
  void load_adapter(Load load)
  {
    for (parameter<Real>* p : adapter_parameters()) assign<Real>(*p, load(p->name, p->shape));
  }

  /// Throws std::invalid_argument if there is no tensor of that name.
  parameter<Real>& at(std::string_view name)
  {
    for (parameter<Real>& p : parameters_) {
      if (p.name == name) return p;
    }
    throw std::invalid_argument("llava_model: expected the name of a tensor, got " +
                                std::string(name));
  }

  void zero_gradients()
  {
    for (parameter<Real>* p : trained_) fill(p->gradient.data(), p->size(), Real(0));
  }

  /// Computes state.logits, [batch.logit_rows, vocab], and keeps in `state` what backward() needs
  /// (or nothing: no backward() may follow then).
  /// Throws std::invalid_argument for a malformed batch.
  void forward(packed_batch<Real> const& batch, llava_state<Real>& state,
               adapters use = adapters::on, keep kept = keep::everything) const
  {
    state.scratch.linear.adapters = use == adapters::on;
    place(batch, state);
    index_t const hidden = config_.text.hidden_size;
    index_t const rows = state.pack.rows();
    if (state.images > 0) {
      upload(batch.pixels, state.pixels);
      vision_forward(tower_, state.images, state.pixels.data(), state.vision, state.scratch);
      projector_forward(projector_, feature_rows(state), state.vision.features.data(),
                        state.projector, state.scratch.linear);
    }

    std::size_t const count = decoder_.blocks.size();
    // With nothing to keep, two states take turns: a block reads one and writes the other.
    std::size_t const states = kept == keep::everything ? count : std::min<std::size_t>(count, 2);
    if (state.blocks.size() < states) state.blocks.resize(states);
    for (decoder_block_state<Real>& block : state.blocks) block.input.resize(rows * hidden);
    state.stream.resize(rows * hidden);
    embed(rows, hidden, state.text_id.data(), state.feature_row.data(), embedding_->values.data(),
          state.projector.output.data(), state.blocks[0].input.data());
    for (std::size_t b = 0; b < count; ++b) {
      Real* const out =
          b + 1 < count ? state.blocks[(b + 1) % states].input.data() : state.stream.data();
      decoder_block_forward(decoder_, decoder_.blocks[b], state.rope, state.pack,
                            state.blocks[b % states], out, state.scratch);
    }

    index_t const wanted = state.logit_row.size();
    gather_rows(wanted, hidden, state.logit_row.data(), state.stream.data(),
                state.selected.resize(wanted * hidden));
    norm_forward(final_norm_, wanted, state.selected.data(), state.normed.resize(wanted * hidden),
                 state.final_norm);
    linear_forward(head_, wanted, state.normed.data(), state.logits.resize(wanted * head_.out),
                   write::overwrite, state.scratch.linear);
  }

  /// Adds to the gradients of trained(). `d_logits` [logit rows, vocab] lies on the device and may
  /// be state.logits. Uses `state` up: call it once for each forward().
  void backward(llava_state<Real>& state, Real const* d_logits)
  {
    layer_scratch<Real>& scratch = state.scratch;
    index_t const hidden = config_.text.hidden_size;
    index_t const rows = state.pack.rows();
    index_t const wanted = state.logit_row.size();
    Real* const d_normed = state.normed_gradient.resize(wanted * hidden);
    Real* const d_selected = state.selected_gradient.resize(wanted * hidden);
    Real* const dx = scratch.stream_gradient.resize(rows * hidden);
    linear_backward(head_, wanted, state.normed.data(), d_logits, d_normed, write::overwrite,
                    scratch.linear);
    fill(d_selected, wanted * hidden, Real(0));
    norm_backward(final_norm_, wanted, state.selected.data(), d_normed, state.final_norm,
                  d_selected);
    fill(dx, rows * hidden, Real(0));
    scatter_rows(wanted, hidden, state.logit_row.data(), d_selected, dx);
    for (std::size_t b = decoder_.blocks.size(); b-- > 0;) {
      decoder_block_backward(decoder_, decoder_.blocks[b], state.rope, state.pack, state.blocks[b],
                             dx, scratch);
    }
    if (embedding_->trained) {
      scatter_add_rows(rows, hidden, state.text_id.data(), dx, embedding_->gradient.data());
    }
    if (state.images > 0 && (projector_.trained() || tower_.trained)) image_backward(state, dx);
  }

 private:
  index_t feature_rows(llava_state<Real> const& state) const
  {
    return state.images * tower_.feature_rows();
  }

  /// Checks the batch and puts its indices on the device.
  void place(packed_batch<Real> const& batch, llava_state<Real>& state) const
  {
    batch_layout const layout = check_batch(config_, batch);
    std::vector<index_t> text_id = batch.ids;
    index_t longest = 0;
    for (std::size_t r = 0; r < text_id.size(); ++r) {
      if (layout.feature_row[r] >= 0) text_id[r] = -1;
      longest = std::max(longest, layout.position[r] + 1);
    }
    state.images = layout.images;
    state.pack.cu_seqlens = batch.cu_seqlens;
    upload(layout.position, state.pack.position);
    upload(text_id, state.text_id);
    upload(layout.feature_row, state.feature_row);
    upload(batch.logit_rows, state.logit_row);
    state.rope.head_dim = config_.text.head_dim();
    state.rope.base = config_.text.rope_theta;
    state.rope.reserve(longest);
  }

  void image_backward(llava_state<Real>& state, Real const* dx)
  {
    layer_scratch<Real>& scratch = state.scratch;
    index_t const hidden = config_.text.hidden_size;
    index_t const features = feature_rows(state);
    Real* const d_projected = state.projected_gradient.resize(features * hidden);
    Real* const d_features =
        tower_.trained ? state.feature_gradient.resize(features * config_.vision.hidden_size)
                       : nullptr;
    fill(d_projected, features * hidden, Real(0));
    scatter_add_rows(state.pack.rows(), hidden, state.feature_row.data(), dx, d_projected);
    projector_backward(projector_, features, state.vision.features.data(), d_projected, d_features,
                       state.projector, scratch.inner_gradient, scratch.linear);
    if (tower_.trained) vision_backward(tower_, state.vision, d_features, scratch);
  }

  model_config config_;
  std::deque<parameter<Real>> parameters_;
  std::vector<parameter<Real>*> trained_;
  parameter<Real>* embedding_ = nullptr;
  decoder<Real> decoder_;
  norm<Real> final_norm_;
  linear<Real> head_;
  projector<Real> projector_;
  vision_tower<Real> tower_;
};

}  // namespace llava
