// SPDX-License-Identifier: MIT
#pragma once
/// \file  Several token sequences and their images as one packed batch, without padding.

#include <stdexcept>
#include <string>
#include <vector>

#include "llava/checkpoint/config.hpp"

namespace llava {

/// Sequence s is ids[cu_seqlens[s]] .. ids[cu_seqlens[s + 1] - 1]. Every row of image features is
/// one `image_token_index` in `ids`. Sequences may share an image: its features are computed once.
template <class Real>
struct packed_batch {
  std::vector<index_t> ids;
  std::vector<index_t> cu_seqlens = {0};
  std::vector<index_t> image;  // per sequence: its image, -1 for text only
  std::vector<index_t>
      logit_rows;            // rows whose logits are wanted, ascending; row t predicts ids[t + 1]
  std::vector<Real> pixels;  // [images, 3, image_size, image_size]

  index_t rows() const { return static_cast<index_t>(ids.size()); }
  index_t sequences() const { return static_cast<index_t>(cu_seqlens.size()) - 1; }
};

/// Appends a sequence whose tokens from `first_label` on are labels, and wants the logits that
/// predict them. The first token cannot be a label, since no row predicts it.
template <class Real>
void append_sequence(packed_batch<Real>& batch, std::vector<index_t> const& ids,
                     index_t first_label, index_t image)
{
  auto const length = static_cast<index_t>(ids.size());
  if (first_label < 1 || first_label > length) {
    throw std::invalid_argument("append_sequence: expected first_label in 1.." +
                                std::to_string(length) + ", got " + std::to_string(first_label));
  }
  index_t const first = batch.rows();
  batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
  batch.cu_seqlens.push_back(batch.rows());
  batch.image.push_back(image);
  for (index_t t = first_label; t < length; ++t) batch.logit_rows.push_back(first + t - 1);
}

/// ids[t + 1] for every logit row t: what the rows of logits are scored against.
template <class Real>
std::vector<index_t> targets(packed_batch<Real> const& batch)
{
  std::vector<index_t> out;
  out.reserve(batch.logit_rows.size());
  for (index_t row : batch.logit_rows) {
    out.push_back(batch.ids.at(static_cast<std::size_t>(row + 1)));
  }
  return out;
}

/// What the batch says about its rows, checked.
struct batch_layout {
  index_t images = 0;
  std::vector<index_t> position;     // of each row in its sequence
  std::vector<index_t> feature_row;  // into the features of all images; -1 for a text token
};

/// Throws std::invalid_argument that names the field, the place, what was expected and what came.
template <class Real>
batch_layout check_batch(model_config const& config, packed_batch<Real> const& batch)
{
  auto const fail = [](std::string const& what, std::string const& expected, index_t got) {
    throw std::invalid_argument("packed_batch: expected " + what + " " + expected + ", got " +
                                std::to_string(got));
  };
  auto const at = [](index_t i) { return static_cast<std::size_t>(i); };
  index_t const rows = batch.rows();
  index_t const per_image = 3 * config.vision.image_size * config.vision.image_size;
  auto const pixels = static_cast<index_t>(batch.pixels.size());
  index_t const features = config.image_tokens();

  if (batch.cu_seqlens.size() < 2) fail("cu_seqlens", "with at least one sequence", 0);
  if (batch.cu_seqlens.front() != 0) fail("cu_seqlens", "to start at 0", batch.cu_seqlens.front());
  if (batch.cu_seqlens.back() != rows) {
    fail("cu_seqlens", "to end at " + std::to_string(rows) + " rows", batch.cu_seqlens.back());
  }
  if (static_cast<index_t>(batch.image.size()) != batch.sequences()) {
    fail("one image index for each of " + std::to_string(batch.sequences()), "sequences",
         static_cast<index_t>(batch.image.size()));
  }
  if (pixels % per_image != 0) {
    fail("pixels", "as a multiple of " + std::to_string(per_image), pixels);
  }

  batch_layout layout;
  layout.images = pixels / per_image;
  layout.position.reserve(at(rows));
  layout.feature_row.reserve(at(rows));
  for (index_t s = 0; s < batch.sequences(); ++s) {
    std::string const where = " of sequence " + std::to_string(s);
    index_t const first = batch.cu_seqlens[at(s)];
    index_t const last = batch.cu_seqlens[at(s + 1)];
    index_t const length = last - first;
    index_t const image = batch.image[at(s)];
    if (length < 1 || last > rows || length > config.text.max_position_embeddings) {
      fail("length" + where, "in 1.." + std::to_string(config.text.max_position_embeddings),
           length);
    }
    if (image < -1 || image >= layout.images) {
      fail("image" + where, "in -1.." + std::to_string(layout.images - 1), image);
    }
    index_t used = 0;
    for (index_t t = first; t < last; ++t) {
      index_t const id = batch.ids[at(t)];
      bool const is_image = id == config.image_token_index;
      bool const has_image = image >= 0 && used < features;
      if (!is_image && (id < 0 || id >= config.text.vocab_size)) {
        fail("ids[" + std::to_string(t) + "]",
             "in 0.." + std::to_string(config.text.vocab_size - 1), id);
      }
      layout.position.push_back(t - first);
      layout.feature_row.push_back(is_image && has_image ? image * features + used : -1);
      if (is_image) ++used;
    }
    index_t const wanted = image >= 0 ? features : 0;
    if (used != wanted) fail("image tokens" + where, "to be " + std::to_string(wanted), used);
  }
  index_t previous = -1;
  for (index_t row : batch.logit_rows) {
    if (row <= previous || row >= rows) {
      fail("logit_rows", "ascending and below " + std::to_string(rows), row);
    }
    previous = row;
  }
  return layout;
}

}  // namespace llava
