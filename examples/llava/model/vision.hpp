// SPDX-License-Identifier: MIT
#pragma once
/// \file  The CLIP vision tower up to the hidden state that LLaVA reads, forward and backward.

#include <algorithm>
#include <vector>

#include "llava/model/vision_block.hpp"
#include "llava/model/vision_rows.hpp"

namespace llava {

template <class Real>
struct vision_tower {
  vision_config config;
  parameter<Real>* class_embedding = nullptr;     // [hidden]
  linear<Real> patch_embedding = {};              // a convolution of stride patch_size, as a matrix
  parameter<Real>* position_embedding = nullptr;  // [1 + patches, hidden], row 0 for the class
  norm<Real> pre_norm = {};
  std::vector<vision_block<Real>> blocks = {};  // only those that are run
  bool keep_class_row = false;                  // of the features: strategy "full"
  bool trained = false;

  /// Rows of features of one image.
  index_t feature_rows() const { return config.patches() + (keep_class_row ? 1 : 0); }
};

template <class Real>
struct vision_state {
  std::vector<index_t> cu_seqlens;  // one sequence of 1 + patches rows for each image
  buffer<Real> patches;             // [images * patches, 3 * patch_size^2]
  buffer<Real> embedded;
  norm_state<Real> pre_norm;
  std::vector<vision_block_state<Real>> blocks;  // one, reused, if the tower is frozen
  buffer<Real> hidden;                           // the selected hidden state, with class rows
  buffer<Real> features;                         // [images * feature_rows, hidden]
};

/// pixels [images, 3, image_size, image_size] -> state.features [images * feature_rows, hidden]
template <class Real>
void vision_forward(vision_tower<Real> const& tower, index_t images, Real const* pixels,
                    vision_state<Real>& state, layer_scratch<Real>& scratch)
{
  vision_config const& c = tower.config;
  index_t const patches = c.patches();
  index_t const tokens = patches + 1;
  index_t const rows = images * tokens;
  index_t const size = rows * c.hidden_size;
  state.cu_seqlens.resize(static_cast<std::size_t>(images + 1));
  for (index_t i = 0; i <= images; ++i) state.cu_seqlens[static_cast<std::size_t>(i)] = i * tokens;

  index_t const pixel_count = images * patches * detail::patch_elements(c);
  state.patches.resize(pixel_count);
  for_each_index(
      pixel_count, 4,
      detail::patch_element<Real>{c.image_size, c.patch_size, pixels, state.patches.data()});
  Real* const x = state.embedded.resize(size);
  gemm_batched(op::none, op::transpose, patches, c.hidden_size, detail::patch_elements(c), Real(1),
               state.patches.data(), detail::patch_elements(c), patches * detail::patch_elements(c),
               tower.patch_embedding.weight->values.data(), detail::patch_elements(c), index_t{0},
               Real(0), x + c.hidden_size, c.hidden_size, tokens * c.hidden_size, images);
  for_each_index(size, 2,
                 detail::add_position_element<Real>{tokens, c.hidden_size,
                                                    tower.class_embedding->values.data(),
                                                    tower.position_embedding->values.data(), x});

  std::size_t const count = tower.blocks.size();
  state.blocks.resize(tower.trained ? count : std::min<std::size_t>(count, 1));
  state.hidden.resize(size);
  Real* const first = count == 0 ? state.hidden.data() : state.blocks[0].input.resize(size);
  norm_forward(tower.pre_norm, rows, x, first, state.pre_norm);
  for (std::size_t b = 0; b < count; ++b) {
    bool const last = b + 1 == count;
    // A frozen tower keeps one block state, whose input is then overwritten by the block's output.
    auto& block_state = state.blocks[tower.trained ? b : 0];
    Real* const out =
        last ? state.hidden.data() : state.blocks[tower.trained ? b + 1 : 0].input.resize(size);
    detail::vision_block_forward(tower.config, tower.blocks[b], state.cu_seqlens, block_state, out,
                                 scratch);
  }
  index_t const feature_rows = images * tower.feature_rows();
  for_each_index(feature_rows, c.hidden_size,
                 detail::select_row<Real>{tokens, tokens - tower.feature_rows(), c.hidden_size,
                                          state.hidden.data(),
                                          state.features.resize(feature_rows * c.hidden_size)});
}

/// d_features -> gradients of the tower. The tower must have been `trained` in the forward pass.
template <class Real>
void vision_backward(vision_tower<Real> const& tower, vision_state<Real>& state,
                     Real const* d_features, layer_scratch<Real>& scratch)
{
  vision_config const& c = tower.config;
  index_t const patches = c.patches();
  index_t const tokens = patches + 1;
  index_t const rows = state.cu_seqlens.back();
  index_t const images = rows / tokens;
  Real* const dx = scratch.stream_gradient.resize(rows * c.hidden_size);
  for_each_index(rows, c.hidden_size,
                 detail::restore_row<Real>{tokens, tokens - tower.feature_rows(), c.hidden_size,
                                           d_features, dx});
  for (std::size_t b = tower.blocks.size(); b-- > 0;) {
    detail::vision_block_backward(tower.config, tower.blocks[b], state.cu_seqlens, state.blocks[b],
                                  dx, scratch);
  }
  Real* const d_embedded = scratch.normed_gradient.resize(rows * c.hidden_size);
  fill(d_embedded, rows * c.hidden_size, Real(0));
  norm_backward(tower.pre_norm, rows, state.embedded.data(), dx, state.pre_norm, d_embedded);
  if (tower.position_embedding->trained) {
    for_each_index(tokens * c.hidden_size, images,
                   detail::add_over_images<Real>{images, tokens * c.hidden_size, d_embedded,
                                                 tower.position_embedding->gradient.data()});
  }
  if (tower.class_embedding->trained) {
    for_each_index(c.hidden_size, images,
                   detail::add_over_images<Real>{images, tokens * c.hidden_size, d_embedded,
                                                 tower.class_embedding->gradient.data()});
  }
  parameter<Real>& weight = *tower.patch_embedding.weight;
  for (index_t image = 0; image < images; ++image) {
    detail::add_weight_gradient(weight, patches, c.hidden_size, detail::patch_elements(c), Real(1),
                                d_embedded + (image * tokens + 1) * c.hidden_size,
                                state.patches.data() + image * patches * detail::patch_elements(c));
  }
}

}  // namespace llava
