// SPDX-License-Identifier: MIT
/// \file  What the trainer reads and writes: weights, configuration, preference pairs and images.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "llava/checkpoint/config.hpp"
#include "llava/checkpoint/safetensors.hpp"
#include "llava/checkpoint/tensor_names.hpp"
#include "llava/data/preference_pairs.hpp"
#include "llava/image/decode.hpp"
#include "llava/support/file.hpp"
#include "llava/support/json.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/fixtures.hpp"
#include "support/png.hpp"

using llava::index_t;

namespace {

/// A safetensors file of that header text and that many zero bytes of data.
std::string safetensors(std::string const& header, std::size_t data_bytes)
{
  std::uint64_t const size = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + header + std::string(data_bytes, '\0');
}

/// The error of opening such a file.
std::string open_error(temporary_folder const& folder, std::string const& header,
                       std::size_t data_bytes)
{
  auto const file = put_file(folder / "x.safetensors", safetensors(header, data_bytes));
  return error_of([&] { llava::tensor_file::open(file); });
}

std::string config_error(nlohmann::json const& json)
{
  return error_of([&] { llava::parse_model_config(json, "config.json"); });
}

nlohmann::json seven_b_config()
{
  return nlohmann::json::parse(R"({
    "architectures": ["LlavaForConditionalGeneration"], "model_type": "llava", "ignore_index": -100,
    "image_token_index": 32000, "pad_token_id": 32001, "projector_hidden_act": "gelu",
    "vision_feature_layer": -2, "vision_feature_select_strategy": "default",
    "tie_word_embeddings": false, "torch_dtype": "float16", "vocab_size": 32064,
    "text_config": {"model_type": "llama", "max_position_embeddings": 4096, "rms_norm_eps": 1e-05,
                    "vocab_size": 32064, "torch_dtype": "float16"},
    "vision_config": {"model_type": "clip_vision_model", "hidden_size": 1024, "image_size": 336,
                      "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24,
                      "patch_size": 14, "projection_dim": 768, "vocab_size": 32000}})");
}

/// A folder with one image and a JSONL file of the given lines.
struct pair_files {
  explicit pair_files(std::string const& lines)
  {
    put_file(folder / "a.png", "an image, as far as the reader of pairs knows");
    put_file(folder / "a_mask.png", "a mask");
    put_file(folder / "pairs.jsonl", lines);
  }
  temporary_folder folder;
  llava::preference_pair_reader open() const
  {
    return llava::preference_pair_reader(folder / "pairs.jsonl");
  }
};

std::string pair_error(std::string const& line)
{
  std::string const good = R"({"question": "q", "chosen": "c", "rejected": "r", "image": "a.png"})";
  pair_files const files(good + "\n" + line + "\n" + good + "\n");
  auto reader = files.open();
  reader.next();
  return error_of([&] { reader.next(); });
}

}  // namespace

TEST_CASE("a checkpoint of the reference writer is read and written back byte for byte", "[llava]")
{
  std::string const original = llava_fixture_dir() + "/tiny_llava_kv4.safetensors";
  auto const weights = llava::tensor_file::open(original, llava::canonical_name);
  REQUIRE(weights.names().size() == 80);
  REQUIRE(weights.metadata().at("format") == "pt");
  REQUIRE(weights.shape("language_model.model.embed_tokens.weight") ==
          std::vector<index_t>{96, 32});
  auto const embed = weights.load<float>("language_model.model.embed_tokens.weight", {96, 32});
  // From the generating formula of the fixture.
  REQUIRE(embed[0] == Approx(.1164072037).epsilon(1e-7));
  REQUIRE(embed[1] == Approx(.0666315752).epsilon(1e-7));
  REQUIRE(embed[2] == Approx(.2410249633).epsilon(1e-7));

  std::vector<std::vector<float>> values;
  for (auto const& name : weights.names()) {
    values.push_back(weights.load<float>(name, weights.shape(name)));
  }
  std::vector<llava::named_tensor> tensors;
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto const name = weights.names()[values.size() - 1 - i];  // the writer sorts
    tensors.push_back(
        llava::make_tensor<float>(name, weights.shape(name), values[values.size() - 1 - i]));
  }
  temporary_folder const folder;
  llava::write_safetensors(folder / "copy.safetensors", tensors);
  REQUIRE(llava::read_file(folder / "copy.safetensors") == llava::read_file(original));
  // Nothing but the file itself is left behind.
  REQUIRE(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("every element type of floats round-trips, rounding to nearest even", "[llava]")
{
  using llava::dtype;
  std::vector<double> const values{0,
                                   -0.0,
                                   1,
                                   -2.5,
                                   65504,
                                   0x1p-14,
                                   0x1p-24,
                                   1.0 / 3,
                                   1 + 0x1p-8,
                                   1 + 0x3p-8,
                                   1 + 0x1p-11,
                                   1 + 0x3p-11,
                                   0x1p-25,
                                   0x3p-25,
                                   1 + 0x1p-8 + 0x1p-40,
                                   1023.75 * 0x1p-24};
  auto const through = [&](dtype type) {
    return llava::decode<double>(llava::encode<double>(values, type), type);
  };
  REQUIRE(through(dtype::f64) == values);
  auto const f32 = through(dtype::f32), f16 = through(dtype::f16), bf16 = through(dtype::bf16);
  REQUIRE(f32[7] == double{1.0f / 3.0f});
  REQUIRE(std::signbit(f16[1]));
  REQUIRE(f16[4] == 65504);
  REQUIRE(f16[5] == 0x1p-14);
  REQUIRE(f16[6] == 0x1p-24);
  REQUIRE(f16[10] == 1);           // tie to even, down
  REQUIRE(f16[11] == 1 + 0x1p-9);  // tie to even, up
  REQUIRE(f16[12] == 0);           // half of the smallest number
  REQUIRE(f16[13] == 0x1p-23);
  REQUIRE(f16[15] == 0x1p-14);  // rounds up out of the subnormals
  REQUIRE(bf16[8] == 1);
  REQUIRE(bf16[9] == 1 + 0x1p-6);
  REQUIRE(bf16[14] == 1 + 0x1p-7);  // not rounded twice
  REQUIRE(bf16[3] == -2.5);

  // All 65536 patterns come back unchanged through float.
  std::vector<std::byte> all(2 * 65536);
  for (std::uint32_t i = 0; i < 65536; ++i) {
    auto const bits = static_cast<std::uint16_t>(i);
    std::memcpy(all.data() + 2 * i, &bits, 2);
  }
  for (dtype const type : {dtype::f16, dtype::bf16}) {
    auto const wide = llava::decode<float>(all, type);
    auto const narrow = llava::encode<float>(wide, type);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < 65536; ++i) {
      bool const same = all[2 * i] == narrow[2 * i] && all[2 * i + 1] == narrow[2 * i + 1];
      wrong += same || std::isnan(wide[i]) ? 0 : 1;
    }
    REQUIRE(wrong == 0);
  }
  std::vector<double> const huge{1e9, std::numeric_limits<double>::quiet_NaN()};
  auto const half = llava::decode<float>(llava::encode<double>(huge, dtype::f16), dtype::f16);
  REQUIRE(std::isinf(half[0]));
  REQUIRE(std::isnan(half[1]));
  REQUIRE_THROWS_AS(llava::decode<float>(std::vector<std::byte>(4), dtype::i32),
                    std::invalid_argument);
  REQUIRE_THROWS_AS(llava::decode<float>(std::vector<std::byte>(3), dtype::f16),
                    std::invalid_argument);
}

TEST_CASE("a damaged safetensors file is refused with file, tensor, expected and got", "[llava]")
{
  temporary_folder const folder;
  auto const error = [&](std::string const& header, std::size_t bytes) {
    return open_error(folder, header, bytes);
  };
  std::string const a = R"("a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]})";
  REQUIRE(error("{" + a + "}", 8) == "no error");
  REQUIRE(error("{" + a + "}   ", 8) == "no error");  // padded
  REQUIRE(error(R"({"s": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
                    "z": {"dtype": "F32", "shape": [0, 3], "data_offsets": [4, 4]}})",
                4) == "no error");

  REQUIRE(
      mentions(error("{" + a + "}", 7), {"x.safetensors", "'a'", "inside the 7 bytes", "[0,8]"}));
  REQUIRE(mentions(error("{" + a + "}", 9), {"expected data of 8 bytes", "got 9 bytes"}));
  REQUIRE(mentions(
      error("{" + a + R"(, "b": {"dtype": "U8", "shape": [2], "data_offsets": [7, 9]}})", 9),
      {"'b'", "overlap", "offset 8", "got 7"}));
  REQUIRE(mentions(
      error("{" + a + R"(, "b": {"dtype": "U8", "shape": [2], "data_offsets": [9, 11]}})", 11),
      {"'b'", "holes", "offset 8", "got 9"}));
  REQUIRE(mentions(error("{" + a + ", " + a + "}", 8), {"unique", "'a'"}));
  REQUIRE(mentions(error(R"({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}})", 8),
                   {"'a'", "12 bytes", "[3]", "8 bytes"}));
  REQUIRE(mentions(error(R"({"a": {"dtype": "F32", "shape": [4294967296, 4294967296, 4],
                             "data_offsets": [0, 0]}})",
                         0),
                   {"'a'", "2^63"}));
  REQUIRE(mentions(error(R"({"a": {"dtype": "F4", "shape": [3], "data_offsets": [0, 1]}})", 1),
                   {"'a'", "whole bytes"}));
  REQUIRE(mentions(error(R"({"a": {"dtype": "F31", "shape": [2], "data_offsets": [0, 8]}})", 8),
                   {"'a'", "dtype", "F31"}));
  REQUIRE(mentions(error(R"({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}})", 8),
                   {"'a'", "shape", "-2"}));
  REQUIRE(mentions(error(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}})", 8),
                   {"'a'", "[8,0]"}));
  REQUIRE(mentions(error(R"({"a": {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]}})", 8),
                   {"'a'", "array"}));
  REQUIRE(
      mentions(error(R"({"a": {"dtype": "F32", "data_offsets": [0, 8]}})", 8), {"'a'", "shape"}));
  REQUIRE(mentions(error(R"({"__metadata__": {"format": 1}})", 0), {"__metadata__", "format"}));
  REQUIRE(mentions(error("{\"a\": ", 0), {"well-formed JSON"}));
  REQUIRE(mentions(error("[]", 0), {"starts with '{'"}));
  REQUIRE(mentions(error("", 0), {"starts with '{'"}));

  auto const open = [&](std::string const& bytes) {
    auto const file = put_file(folder / "y.safetensors", bytes);
    return error_of([&] { llava::tensor_file::open(file); });
  };
  REQUIRE(mentions(open("1234567"), {"y.safetensors", "at least the 8 bytes", "got 7 bytes"}));
  REQUIRE(mentions(open(safetensors("{}", 0).substr(0, 9)), {"header of 2 bytes", "only 1 bytes"}));
  REQUIRE(mentions(open(std::string(16, '\xff')), {"at most 100000000 bytes"}));
  REQUIRE(mentions(error_of([&] { llava::tensor_file::open(folder / "none.safetensors"); }),
                   {"none.safetensors", "expected a file", "got nothing"}));
  REQUIRE(
      mentions(error_of([&] { llava::tensor_file::open(folder.path()); }), {"model.safetensors"}));
}

TEST_CASE("a missing tensor, a wrong shape and weights that are not finite are errors", "[llava]")
{
  temporary_folder const folder;
  std::vector<float> values{1, 2, 3, std::numeric_limits<float>::quiet_NaN(), 5, 6};
  std::vector<std::int32_t> const whole{1, 2};
  std::vector<double> const wide{1e300};
  llava::write_safetensors(folder / "w.safetensors",
                           {llava::make_tensor<float>("w", {2, 3}, values),
                            llava::make_tensor<double>("wide", {1}, wide),
                            {"i", llava::dtype::i32, {2}, std::as_bytes(std::span(whole))}});
  auto const file = llava::tensor_file::open(folder / "w.safetensors");
  REQUIRE(file.names() == std::vector<std::string>{"i", "w", "wide"});
  REQUIRE(file.contains("w"));
  REQUIRE_FALSE(file.contains("v"));
  REQUIRE(mentions(error_of([&] { file.load<float>("v", {1}); }), {"w.safetensors", "'v'"}));
  REQUIRE(mentions(error_of([&] { file.load<float>("w", {3, 2}); }),
                   {"w.safetensors", "'w'", "expected shape [3, 2]", "got [2, 3]"}));
  REQUIRE(mentions(error_of([&] { file.load<float>("w", {2, 3}); }),
                   {"'w'", "finite", "nan", "index 3"}));
  REQUIRE(mentions(error_of([&] { file.load<float>("i", {2}); }), {"'i'", "F32", "I32"}));
  REQUIRE(file.load<double>("wide", {1}) == wide);
  REQUIRE(mentions(error_of([&] { file.load<float>("wide", {1}); }), {"'wide'", "finite", "inf"}));
  REQUIRE(file.load_bytes("i").size() == 8);

  REQUIRE(mentions(error_of([&] {
                     llava::write_safetensors(folder / "bad.safetensors",
                                              {llava::make_tensor<float>("w", {7}, values)});
                   }),
                   {"'w'", "28 bytes", "[7]", "24 bytes"}));
  REQUIRE(mentions(error_of([&] {
                     llava::write_safetensors(folder / "bad.safetensors",
                                              {llava::make_tensor<float>("w", {6}, values),
                                               llava::make_tensor<float>("w", {6}, values)});
                   }),
                   {"'w'", "unique"}));
  REQUIRE_FALSE(std::filesystem::exists(folder / "bad.safetensors"));
}

TEST_CASE("a sharded checkpoint is read through its index", "[llava]")
{
  temporary_folder const folder;
  std::vector<float> const one{1}, two{2};
  llava::write_safetensors(folder / "model-00001-of-00002.safetensors",
                           {llava::make_tensor<float>("a", {1}, one)});
  llava::write_safetensors(folder / "model-00002-of-00002.safetensors",
                           {llava::make_tensor<float>("b", {1}, two)});
  auto const index = [&](std::string const& map) {
    put_file(folder / "model.safetensors.index.json",
             R"({"metadata": {"total_size": 8}, "weight_map": {)" + map + "}}");
    return error_of([&] { llava::tensor_file::open(folder.path()); });
  };
  std::string const good =
      R"("a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors")";
  REQUIRE(index(good) == "no error");
  auto const file = llava::tensor_file::open(folder.path());
  REQUIRE(file.load<float>("a", {1}) == one);
  REQUIRE(file.load<float>("b", {1}) == two);
  REQUIRE(mentions(index(good + R"(, "c": "model-00001-of-00002.safetensors")"),
                   {"'c'", "model-00001"}));
  REQUIRE(mentions(index(R"("a": "model-00003.safetensors")"),
                   {"model-00003.safetensors", "got nothing"}));
  REQUIRE(mentions(index(R"("a": "../model-00001-of-00002.safetensors")"),
                   {"'a'", "beside the index"}));
  REQUIRE(mentions(index(good + ", " + good), {"unique", "'a'"}));
}

TEST_CASE("names of every layout become those of Hugging Face files", "[llava]")
{
  struct row {
    std::string from, to;
  };
  std::vector<row> const rows{
      {"model.language_model.layers.3.mlp.up_proj.weight",
       "language_model.model.layers.3.mlp.up_proj.weight"},
      {"model.language_model.embed_tokens.weight", "language_model.model.embed_tokens.weight"},
      {"lm_head.weight", "language_model.lm_head.weight"},
      {"model.vision_tower.vision_model.pre_layrnorm.bias",
       "vision_tower.vision_model.pre_layrnorm.bias"},
      {"model.multi_modal_projector.linear_2.bias", "multi_modal_projector.linear_2.bias"},
      {"model.layers.0.input_layernorm.weight",
       "language_model.model.layers.0.input_layernorm.weight"},
      {"model.norm.weight", "language_model.model.norm.weight"},
      {"model.mm_projector.0.weight", "multi_modal_projector.linear_1.weight"},
      {"model.mm_projector.2.bias", "multi_modal_projector.linear_2.bias"},
      {"model.vision_tower.vision_tower.vision_model.embeddings.class_embedding",
       "vision_tower.vision_model.embeddings.class_embedding"},
      {"model.image_newline", "image_newline"},
      {"base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight",
       "base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_A.weight"},
      {"something.else", "something.else"},
  };
  for (auto const& [from, to] : rows) {
    REQUIRE(llava::canonical_name(from) == to);
    REQUIRE(llava::canonical_name(to) == to);
  }

  temporary_folder const folder;
  std::vector<float> const one{1};
  llava::write_safetensors(folder / "w.safetensors",
                           {llava::make_tensor<float>("lm_head.weight", {1}, one),
                            llava::make_tensor<float>("language_model.lm_head.weight", {1}, one)});
  REQUIRE(mentions(
      error_of([&] { llava::tensor_file::open(folder / "w.safetensors", llava::canonical_name); }),
      {"'language_model.lm_head.weight'", "second time"}));
}

TEST_CASE("the configuration of llava-1.5-7b-hf is completed by class defaults", "[llava]")
{
  auto const config = llava::parse_model_config(seven_b_config(), "config.json");
  REQUIRE(config.text.hidden_size == 4096);
  REQUIRE(config.text.intermediate_size == 11008);
  REQUIRE(config.text.num_hidden_layers == 32);
  REQUIRE(config.text.num_attention_heads == 32);
  REQUIRE(config.text.num_key_value_heads == 32);
  REQUIRE(config.text.head_dim() == 128);
  REQUIRE(config.text.rms_norm_eps == 1e-5);
  REQUIRE(config.text.rope_theta == 10000);
  REQUIRE(config.text.vocab_size == 32064);
  REQUIRE(config.vision.hidden_act == "quick_gelu");
  REQUIRE(config.vision.layer_norm_eps == 1e-5);
  REQUIRE(config.image_token_index == 32000);
  REQUIRE(config.image_tokens() == 576);
  REQUIRE(config.vision_blocks() == 23);

  auto newer = seven_b_config();
  newer.erase("image_token_index");
  newer["image_token_id"] = 31999;
  newer["vision_feature_layer"] = {-2};
  newer["text_config"]["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 1e6}};
  newer["text_config"]["num_attention_heads"] = 16;
  auto const second = llava::parse_model_config(newer, "config.json");
  REQUIRE(second.image_token_index == 31999);
  REQUIRE(second.text.rope_theta == 1e6);
  REQUIRE(second.text.num_key_value_heads == 16);

  temporary_folder const folder;
  llava::write_model_config(folder / "config.json", second);
  auto const third = llava::read_model_config(folder.path());
  REQUIRE(llava::to_json(third) == llava::to_json(second));
  REQUIRE(third.text.rope_theta == 1e6);
}

TEST_CASE("settings that are not implemented are refused by name", "[llava]")
{
  auto const with = [](std::string const& pointer, nlohmann::json const& value) {
    auto json = seven_b_config();
    json[nlohmann::json::json_pointer(pointer)] = value;
    return config_error(json);
  };
  REQUIRE(config_error(seven_b_config()) == "no error");
  REQUIRE(mentions(with("/model_type", "llava_next"), {"config.json", "model_type", "llava_next"}));
  REQUIRE(mentions(with("/text_config/model_type", "mistral"),
                   {"text_config", "model_type", "mistral"}));
  REQUIRE(mentions(with("/text_config/hidden_act", "gelu"), {"hidden_act", "silu", "gelu"}));
  REQUIRE(mentions(with("/text_config/tie_word_embeddings", true), {"tie_word_embeddings"}));
  REQUIRE(mentions(with("/tie_word_embeddings", true), {"tie_word_embeddings"}));
  REQUIRE(mentions(with("/text_config/attention_bias", true), {"attention_bias"}));
  REQUIRE(mentions(with("/text_config/rope_scaling", {{"type", "linear"}, {"factor", 2}}),
                   {"rope_scaling", "linear"}));
  REQUIRE(
      mentions(with("/vision_config/hidden_act", "relu"), {"vision_config", "hidden_act", "relu"}));
  REQUIRE(mentions(with("/projector_hidden_act", "relu"), {"projector_hidden_act", "relu"}));
  REQUIRE(mentions(with("/vision_feature_select_strategy", "cls"), {"select_strategy", "cls"}));
  REQUIRE(mentions(with("/vision_feature_layer", {-1, -2}), {"vision_feature_layer", "one layer"}));
  REQUIRE(mentions(with("/vision_feature_layer", 25), {"vision_feature_layer", "25"}));
  REQUIRE(mentions(with("/text_config/hidden_size", 4097), {"hidden_size", "4097"}));
  REQUIRE(mentions(with("/text_config/hidden_size", "4096"), {"hidden_size", "integer"}));
  REQUIRE(mentions(with("/text_config/rms_norm_eps", 0), {"rms_norm_eps"}));
  REQUIRE(mentions(with("/image_token_index", 32064), {"image_token_index", "32064"}));
  REQUIRE(mentions(with("/vision_config", 3), {"vision_config", "object"}));
}

TEST_CASE("pairs are read in both forms, with any text, in order", "[llava]")
{
  std::string const text =
      R"({\"question\":\"Was ist das?\",\"chosen\":\"Ein Büro \\ud83d\\ude42\",\"rejected\":\"b\"})";
  pair_files const files(
      R"({"question": "q", "chosen": "größer\n🙂", "rejected": "é\u0065", "image": "a.png", "mask": "a_mask.png"})"
      "\r\n"
      R"({"ds_name": "RLHF-V", "text": ")" +
      text + R"(", "idx": 7, "image_path": "a.png", "mask": null})");
  auto reader = files.open();
  auto const first = reader.next(), second = reader.next();
  REQUIRE(first);
  REQUIRE(first->chosen == "größer\n🙂");
  REQUIRE(first->rejected == "ée");
  REQUIRE(first->image == files.folder / "a.png");
  REQUIRE(first->mask == files.folder / "a_mask.png");
  REQUIRE(mentions(first->where, {"pairs.jsonl:1"}));
  REQUIRE(second);
  REQUIRE(second->question == "Was ist das?");
  REQUIRE(second->chosen == "Ein Büro 🙂");
  REQUIRE_FALSE(second->mask);
  REQUIRE_FALSE(reader.next());
}

TEST_CASE("a malformed pair is an error with file and line", "[llava]")
{
  auto const complete = [](std::string const& more) {
    return R"({"question": "q", "chosen": "c", "rejected": "r", "image": "a.png")" + more + "}";
  };
  REQUIRE(pair_error(complete("")) == "no error");
  REQUIRE(mentions(pair_error("{\"question\": "), {"pairs.jsonl:2", "well-formed JSON"}));
  REQUIRE(pair_error("") == "no error");  // a blank line is passed over
  REQUIRE(mentions(pair_error("[1]"), {"pairs.jsonl:2", "object", "array"}));
  REQUIRE(mentions(pair_error(complete("") + " x"), {"pairs.jsonl:2"}));
  REQUIRE(mentions(pair_error(complete(", \"chosen\": \"d\"")),
                   {"pairs.jsonl:2", "unique", "'chosen'"}));
  REQUIRE(mentions(pair_error("{\"question\": \"\xff\"}"), {"pairs.jsonl:2", "UTF-8"}));
  REQUIRE(mentions(pair_error(R"({"question": "\ud83d"})"), {"pairs.jsonl:2"}));
  REQUIRE(mentions(pair_error(R"({"question": 1e999})"), {"pairs.jsonl:2", "1e999"}));
  REQUIRE(mentions(pair_error(R"({"question": "q", "chosen": "c", "image": "a.png"})"),
                   {"pairs.jsonl:2", "no 'rejected'"}));
  REQUIRE(
      mentions(pair_error(R"({"question": "q", "chosen": 3, "rejected": "r", "image": "a.png"})"),
               {"pairs.jsonl:2", "'chosen'", "string", "number"}));
  REQUIRE(mentions(
      pair_error(R"({"question": "q", "chosen": " \n", "rejected": "r", "image": "a.png"})"),
      {"pairs.jsonl:2", "'chosen'", "blank"}));
  REQUIRE(
      mentions(pair_error(R"({"question": "q", "chosen": "r", "rejected": "r", "image": "a.png"})"),
               {"pairs.jsonl:2", "differ"}));
  REQUIRE(
      mentions(pair_error(R"({"question": "q", "chosen": "c", "rejected": "r", "image": "b.png"})"),
               {"pairs.jsonl:2", "'image'", "b.png"}));
  REQUIRE(mentions(pair_error(complete(R"(, "mask": "b_mask.png")")),
                   {"pairs.jsonl:2", "'mask'", "b_mask.png"}));
  REQUIRE(mentions(pair_error(R"({"text": "not JSON", "image_path": "a.png"})"),
                   {"pairs.jsonl:2", "'text'", "JSON"}));
  REQUIRE(mentions(pair_error(R"({"text": "{}", "image_path": "a.png"})"),
                   {"pairs.jsonl:2", "'question'"}));
  REQUIRE(mentions(error_of([] { llava::preference_pair_reader("/nonexistent/pairs.jsonl"); }),
                   {"/nonexistent/pairs.jsonl", "got nothing"}));
}

TEST_CASE("PNG images of any channels become RGB", "[llava]")
{
  temporary_folder const folder;
  auto const rgb = llava::decode_image(put_png(folder / "c.png", 2, 1, 3, {1, 2, 3, 4, 5, 6}));
  REQUIRE(rgb.width == 2);
  REQUIRE(rgb.height == 1);
  REQUIRE(rgb.pixels == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
  REQUIRE(llava::decode_image(put_png(folder / "g.png", 2, 1, 1, {7, 9})).pixels ==
          std::vector<std::uint8_t>{7, 7, 7, 9, 9, 9});
  REQUIRE(llava::decode_image(put_png(folder / "ga.png", 1, 1, 2, {7, 0})).pixels ==
          std::vector<std::uint8_t>{7, 7, 7});
  REQUIRE(
      llava::decode_image(put_png(folder / "a.png", 1, 2, 4, {1, 2, 3, 0, 4, 5, 6, 255})).pixels ==
      std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("an image that is missing, damaged, something else or too large is an error", "[llava]")
{
  temporary_folder const folder;
  std::vector<std::uint8_t> pixels(64 * 48 * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<std::uint8_t>(i * i / 7);
  }
  auto const png = put_png(folder / "i.png", 64, 48, 3, pixels);
  auto const jpg = folder / "i.jpg";
  stbi_write_jpg(jpg.c_str(), 64, 48, 3, pixels.data(), 90);
  REQUIRE(llava::decode_image(jpg).width == 64);

  auto const error = [&](std::filesystem::path const& path,
                         llava::decode_limits const& limits = {}) {
    return error_of([&] { llava::decode_image(path, limits); });
  };
  REQUIRE(mentions(error(folder / "none.png"), {"none.png", "expected a file", "got nothing"}));
  REQUIRE(mentions(error(put_file(folder / "t.png", "hello")), {"t.png", "PNG, JPEG or WebP"}));
  REQUIRE(mentions(error(put_file(folder / "e.png", "")), {"e.png", "PNG, JPEG or WebP"}));
  for (auto const& whole : {png, jpg}) {
    std::string const bytes = llava::read_file(whole);
    for (std::size_t const kept : {bytes.size() / 3, bytes.size() / 2, bytes.size() - 3}) {
      INFO(whole << " cut to " << kept);
      REQUIRE(
          mentions(error(put_file(folder / "cut", bytes.substr(0, kept))), {"cut", "expected a"}));
    }
  }
  // A Huffman table that claims 16 * 255 codes.
  std::string hostile = llava::read_file(jpg);
  auto const table = hostile.find("\xff\xc4");
  hostile.replace(table + 5, 16, 16, '\xff');
  REQUIRE(mentions(error(put_file(folder / "h.jpg", hostile)), {"h.jpg", "Huffman"}));
  REQUIRE(mentions(error(png, {.max_side = 63}), {"i.png", "at most 63", "64 x 48"}));
  REQUIRE(mentions(error(png, {.max_pixels = 3000}), {"i.png", "3000", "64 x 48"}));
  REQUIRE(mentions(error(png, {.max_file_bytes = 100}), {"i.png", "100 bytes"}));
}

TEST_CASE("a mask has its image's size and is cut at the threshold", "[llava]")
{
  temporary_folder const folder;
  auto const file = put_png(folder / "m.png", 4, 1, 1, {0, 100, 128, 255});
  REQUIRE(llava::decode_mask(file, 4, 1).pixels == std::vector<std::uint8_t>{0, 0, 1, 1});
  REQUIRE(llava::decode_mask(file, 4, 1, 50).pixels == std::vector<std::uint8_t>{0, 1, 1, 1});
  REQUIRE(mentions(error_of([&] { llava::decode_mask(file, 2, 2); }), {"m.png", "2 x 2", "4 x 1"}));
}
