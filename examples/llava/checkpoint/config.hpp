// SPDX-License-Identifier: MIT
#pragma once
/// \file  Sizes of a LLaVA model, read from and written to a Hugging Face config.json.

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// LLaMA decoder. Defaults are those of the LlamaConfig class, which config.json leaves out.
struct text_config {
  index_t vocab_size = 32000;
  index_t hidden_size = 4096;
  index_t intermediate_size = 11008;
  index_t num_hidden_layers = 32;
  index_t num_attention_heads = 32;
  index_t num_key_value_heads = 32;  // num_attention_heads when absent
  index_t max_position_embeddings = 2048;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000;

  index_t head_dim() const { return hidden_size / num_attention_heads; }
};

/// CLIP vision tower. Defaults are those of the CLIPVisionConfig class.
struct vision_config {
  index_t hidden_size = 768;
  index_t intermediate_size = 3072;
  index_t num_hidden_layers = 12;
  index_t num_attention_heads = 12;
  index_t image_size = 224;
  index_t patch_size = 32;
  double layer_norm_eps = 1e-5;
  std::string hidden_act = "quick_gelu";  // or "gelu"

  index_t head_dim() const { return hidden_size / num_attention_heads; }
  index_t patches_per_side() const { return image_size / patch_size; }
  index_t patches() const { return patches_per_side() * patches_per_side(); }
};

/// The whole model.
struct model_config {
  text_config text;
  vision_config vision;
  index_t image_token_index = 32000;  // id of the placeholder token of one image feature
  /// Index into the hidden states, of which 0 is the embedding; -2 skips the last block.
  index_t vision_feature_layer = -2;
  std::string vision_feature_select_strategy =
      "default";  // without the class token; "full" keeps it
  std::string projector_hidden_act = "gelu";

  /// Features per image, which is the number of placeholder tokens in the text.
  index_t image_tokens() const
  {
    return vision.patches() + (vision_feature_select_strategy == "full" ? 1 : 0);
  }
  /// Number of vision blocks that run, 0 .. vision.num_hidden_layers.
  index_t vision_blocks() const
  {
    return vision_feature_layer < 0 ? vision.num_hidden_layers + 1 + vision_feature_layer
                                    : vision_feature_layer;
  }
};

/// Reads a config.json object; `where` names it in errors. Throws std::runtime_error naming the
/// field for a missing or malformed value, and for every setting this trainer does not implement
/// (another model_type or activation, tied embeddings, biases, scaled RoPE, several feature
/// layers).
model_config parse_model_config(nlohmann::json const& json, std::string const& where);

/// Reads `path`, or `config.json` in it if it is a folder.
model_config read_model_config(std::filesystem::path const& path);

/// Checks sizes and their relations; throws std::invalid_argument naming the field.
void check_model_config(model_config const& config);

/// All fields under the names Hugging Face uses.
nlohmann::json to_json(model_config const& config);

/// Writes to_json() as an indented file, through a temporary file.
void write_model_config(std::filesystem::path const& path, model_config const& config);

}  // namespace llava
