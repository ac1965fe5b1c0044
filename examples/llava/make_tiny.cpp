// SPDX-License-Identifier: MIT
#include "llava/checkpoint/export.hpp"
#include "llava/model/init.hpp"
#include "llava/model/llava.hpp"
#include "llava/tokenizer/tokenizer.hpp"
#include "llava/train.hpp"

namespace llava {

void make_tiny_model(std::filesystem::path const& folder,
                     std::filesystem::path const& tokenizer_file, std::uint64_t seed)
{
  index_t const words = tokenizer::open(tokenizer_file).size();
  model_config config;
  config.text.vocab_size = words + 64;  // room for the image token, as llava-hf has
  config.text.hidden_size = 96;
  config.text.intermediate_size = 256;
  config.text.num_hidden_layers = 3;
  config.text.num_attention_heads = 6;
  config.text.num_key_value_heads = 3;
  config.text.max_position_embeddings = 1024;
  config.text.rms_norm_eps = 1e-5;
  config.vision.hidden_size = 64;
  config.vision.intermediate_size = 128;
  config.vision.num_hidden_layers = 3;
  config.vision.num_attention_heads = 4;
  config.vision.image_size = 56;
  config.vision.patch_size = 14;
  config.image_token_index = words;
  llava_model<float> const model(config, {}, initial_weights<float>{seed, 0.1});
  std::filesystem::create_directories(folder);
  write_model_config(folder / "config.json", config);
  write_file(folder / "tokenizer.model", read_file(tokenizer_file));
  export_weights(folder, model);  // last: a folder with weights is complete
}

}  // namespace llava
