// SPDX-License-Identifier: MIT
#include "llava/checkpoint/config.hpp"

#include <cmath>
#include <stdexcept>

#include "llava/support/file.hpp"
#include "llava/support/json.hpp"

namespace llava {
namespace {

/// One JSON object of the file, with the name it has in errors.
struct section {
  nlohmann::json const& json;
  std::string where;

  [[noreturn]] void reject(std::string const& field, std::string const& expected) const
  {
    throw std::runtime_error(where + ": field '" + field + "': expected " + expected + ", got " +
                             (json.contains(field) ? json[field].dump() : "nothing"));
  }
  bool has(std::string const& field) const
  {
    return json.contains(field) && !json[field].is_null();
  }

  index_t integer(std::string const& field, index_t fallback) const
  {
    if (!has(field)) { return fallback; }
    if (!json[field].is_number_integer()) { reject(field, "an integer"); }
    return json[field].get<index_t>();
  }
  double number(std::string const& field, double fallback) const
  {
    if (!has(field)) { return fallback; }
    if (!json[field].is_number()) { reject(field, "a number"); }
    return json[field].get<double>();
  }
  std::string text(std::string const& field, std::string const& fallback) const
  {
    if (!has(field)) { return fallback; }
    if (!json[field].is_string()) { reject(field, "a string"); }
    return json[field].get<std::string>();
  }
  /// Rejects the field unless it is absent or equal to the one value that is implemented.
  void require(std::string const& field, nlohmann::json const& value) const
  {
    if (has(field) && json[field] != value) {
      reject(field, value.dump() + ", the only one implemented");
    }
  }
  section inner(std::string const& field) const
  {
    if (!has(field) || !json[field].is_object()) { reject(field, "an object"); }
    return {json[field], where + ": " + field};
  }
};

double read_rope_theta(section const& in)
{
  double theta = in.number("rope_theta", text_config{}.rope_theta);
  for (auto const* field : {"rope_parameters", "rope_scaling"}) {
    if (!in.has(field)) { continue; }
    section const rope = in.inner(field);
    rope.require("rope_type", "default");
    rope.require("type", "default");
    theta = rope.number("rope_theta", theta);
  }
  return theta;
}

text_config read_text(section const& in)
{
  in.require("model_type", "llama");
  in.require("hidden_act", "silu");
  in.require("attention_bias", false);
  in.require("mlp_bias", false);
  in.require("tie_word_embeddings", false);
  text_config out;
  out.vocab_size = in.integer("vocab_size", out.vocab_size);
  out.hidden_size = in.integer("hidden_size", out.hidden_size);
  out.intermediate_size = in.integer("intermediate_size", out.intermediate_size);
  out.num_hidden_layers = in.integer("num_hidden_layers", out.num_hidden_layers);
  out.num_attention_heads = in.integer("num_attention_heads", out.num_attention_heads);
  out.num_key_value_heads = in.integer("num_key_value_heads", out.num_attention_heads);
  out.max_position_embeddings = in.integer("max_position_embeddings", out.max_position_embeddings);
  out.rms_norm_eps = in.number("rms_norm_eps", out.rms_norm_eps);
  out.rope_theta = read_rope_theta(in);
  if (in.has("head_dim") && out.num_attention_heads > 0) { in.require("head_dim", out.head_dim()); }
  return out;
}

vision_config read_vision(section const& in)
{
  in.require("model_type", "clip_vision_model");
  in.require("num_channels", 3);
  vision_config out;
  out.hidden_size = in.integer("hidden_size", out.hidden_size);
  out.intermediate_size = in.integer("intermediate_size", out.intermediate_size);
  out.num_hidden_layers = in.integer("num_hidden_layers", out.num_hidden_layers);
  out.num_attention_heads = in.integer("num_attention_heads", out.num_attention_heads);
  out.image_size = in.integer("image_size", out.image_size);
  out.patch_size = in.integer("patch_size", out.patch_size);
  out.layer_norm_eps = in.number("layer_norm_eps", out.layer_norm_eps);
  out.hidden_act = in.text("hidden_act", out.hidden_act);
  if (out.hidden_act != "quick_gelu" && out.hidden_act != "gelu") {
    in.reject("hidden_act", "\"quick_gelu\" or \"gelu\"");
  }
  return out;
}

index_t read_feature_layer(section const& in, index_t otherwise)
{
  std::string const field = "vision_feature_layer";
  if (!in.has(field) || !in.json[field].is_array()) { return in.integer(field, otherwise); }
  auto const& layers = in.json[field];
  if (layers.size() != 1 || !layers[0].is_number_integer()) { in.reject(field, "one layer"); }
  return layers[0].get<index_t>();
}

void require_positive(index_t value, std::string const& field)
{
  if (value <= 0) {
    throw std::invalid_argument("model config: " + field + ": expected a positive number, got " +
                                std::to_string(value));
  }
}

void require_divisible(index_t value, index_t divisor, std::string const& fields)
{
  require_positive(divisor, fields);
  require_positive(value, fields);
  if (value % divisor != 0) {
    throw std::invalid_argument("model config: " + fields + ": expected a multiple, got " +
                                std::to_string(value) + " and " + std::to_string(divisor));
  }
}

void require_positive_real(double value, std::string const& field)
{
  if (!(value > 0) || !std::isfinite(value)) {
    throw std::invalid_argument("model config: " + field + ": expected a positive number, got " +
                                std::to_string(value));
  }
}

}  // namespace

model_config parse_model_config(nlohmann::json const& json, std::string const& where)
{
  section const in{json, where};
  if (!json.is_object()) { throw std::runtime_error(where + ": expected a JSON object"); }
  if (in.text("model_type", "") != "llava") { in.reject("model_type", "\"llava\""); }
  in.require("tie_word_embeddings", false);
  in.require("multimodal_projector_bias", true);
  model_config out;
  out.text = read_text(in.inner("text_config"));
  out.vision = read_vision(in.inner("vision_config"));
  out.image_token_index =
      in.integer("image_token_index", in.integer("image_token_id", out.image_token_index));
  out.vision_feature_layer = read_feature_layer(in, out.vision_feature_layer);
  out.vision_feature_select_strategy =
      in.text("vision_feature_select_strategy", out.vision_feature_select_strategy);
  out.projector_hidden_act = in.text("projector_hidden_act", out.projector_hidden_act);
  if (in.has("image_token_id")) { in.require("image_token_id", out.image_token_index); }
  in.require("projector_hidden_act", "gelu");
  auto const& strategy = out.vision_feature_select_strategy;
  if (strategy != "default" && strategy != "full") {
    in.reject("vision_feature_select_strategy", "\"default\" or \"full\"");
  }
  try {
    check_model_config(out);
  } catch (std::invalid_argument const& error) {
    throw std::runtime_error(where + ": " + error.what());
  }
  return out;
}

model_config read_model_config(std::filesystem::path const& path)
{
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(
        path.string() + ": expected a LLaVA checkpoint (a folder with config.json), got nothing");
  }
  auto const file = std::filesystem::is_directory(path) ? path / "config.json" : path;
  return parse_model_config(parse_json(read_file(file), file.string()), file.string());
}

void check_model_config(model_config const& config)
{
  auto const& text = config.text;
  auto const& vision = config.vision;
  require_positive(text.vocab_size, "text vocab_size");
  require_positive(text.intermediate_size, "text intermediate_size");
  require_positive(text.num_hidden_layers, "text num_hidden_layers");
  require_positive(text.max_position_embeddings, "text max_position_embeddings");
  require_divisible(text.hidden_size, text.num_attention_heads,
                    "text hidden_size, num_attention_heads");
  require_divisible(text.num_attention_heads, text.num_key_value_heads,
                    "text num_attention_heads, num_key_value_heads");
  require_divisible(text.head_dim(), 2, "text head dimension (rotated in halves), 2");
  require_positive_real(text.rms_norm_eps, "text rms_norm_eps");
  require_positive_real(text.rope_theta, "text rope_theta");
  require_positive(vision.intermediate_size, "vision intermediate_size");
  require_positive(vision.num_hidden_layers, "vision num_hidden_layers");
  require_divisible(vision.hidden_size, vision.num_attention_heads,
                    "vision hidden_size, num_attention_heads");
  require_divisible(vision.image_size, vision.patch_size, "vision image_size, patch_size");
  require_positive_real(vision.layer_norm_eps, "vision layer_norm_eps");
  if (config.vision_blocks() < 0 || config.vision_blocks() > vision.num_hidden_layers) {
    throw std::invalid_argument("model config: vision_feature_layer: expected one of the " +
                                std::to_string(vision.num_hidden_layers + 1) +
                                " hidden states, got " +
                                std::to_string(config.vision_feature_layer));
  }
  if (config.image_token_index < 0 || config.image_token_index >= text.vocab_size) {
    throw std::invalid_argument(
        "model config: image_token_index: expected an id below vocab_size " +
        std::to_string(text.vocab_size) + ", got " + std::to_string(config.image_token_index));
  }
}

nlohmann::json to_json(model_config const& config)
{
  auto const& text = config.text;
  auto const& vision = config.vision;
  return {
      {"architectures", {"LlavaForConditionalGeneration"}},
      {"model_type", "llava"},
      {"ignore_index", -100},
      {"image_seq_length", config.image_tokens()},
      {"image_token_index", config.image_token_index},
      {"multimodal_projector_bias", true},
      {"projector_hidden_act", config.projector_hidden_act},
      {"tie_word_embeddings", false},
      {"vision_feature_layer", config.vision_feature_layer},
      {"vision_feature_select_strategy", config.vision_feature_select_strategy},
      {"vocab_size", text.vocab_size},
      {"text_config",
       {{"model_type", "llama"},
        {"vocab_size", text.vocab_size},
        {"hidden_size", text.hidden_size},
        {"intermediate_size", text.intermediate_size},
        {"num_hidden_layers", text.num_hidden_layers},
        {"num_attention_heads", text.num_attention_heads},
        {"num_key_value_heads", text.num_key_value_heads},
        {"max_position_embeddings", text.max_position_embeddings},
        {"rms_norm_eps", text.rms_norm_eps},
        {"rope_theta", text.rope_theta},
        {"hidden_act", "silu"},
        {"tie_word_embeddings", false}}},
      {"vision_config",
       {{"model_type", "clip_vision_model"},
        {"hidden_size", vision.hidden_size},
        {"intermediate_size", vision.intermediate_size},
        {"num_hidden_layers", vision.num_hidden_layers},
        {"num_attention_heads", vision.num_attention_heads},
        {"image_size", vision.image_size},
        {"patch_size", vision.patch_size},
        {"layer_norm_eps", vision.layer_norm_eps},
        {"hidden_act", vision.hidden_act}}},
  };
}

void write_model_config(std::filesystem::path const& path, model_config const& config)
{
  write_file(path, to_json(config).dump(2) + "\n");
}

}  // namespace llava
