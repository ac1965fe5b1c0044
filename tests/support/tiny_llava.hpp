// SPDX-License-Identifier: MIT
#pragma once
/// \file  The tiny LLaVA of tests/fixtures/llava: configuration, weights, batches, reference
/// losses.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "llava/checkpoint/config.hpp"
#include "llava/model/batch.hpp"
#include "llava/model/init.hpp"
#include "llava/model/training.hpp"
#include "support/fixtures.hpp"

namespace tiny {

using llava::index_t;

/// The fixtures of the folder: "kv4" for golden_kv4.json. All have the same form.
inline std::vector<std::string> fixture_names()
{
  std::vector<std::string> names;
  std::string const head = "golden_";
  for (auto const& entry : std::filesystem::directory_iterator(llava_fixture_dir())) {
    std::string const name = entry.path().stem().string();
    if (entry.path().extension() == ".json" && name.starts_with(head + "kv")) {
      names.push_back(name.substr(head.size()));
    }
  }
  if (names.empty()) {
    throw std::runtime_error("expected golden_kv*.json in " + llava_fixture_dir() + ", got none");
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The fixture that the functions below are about.
inline std::string& current_fixture()
{
  static std::string name = "kv4";
  return name;
}

/// Makes another fixture the current one while it lives.
class with_fixture {
 public:
  explicit with_fixture(std::string name)
      : before_(std::exchange(current_fixture(), std::move(name)))
  {
  }
  with_fixture(with_fixture const&) = delete;
  with_fixture& operator=(with_fixture const&) = delete;
  ~with_fixture() { current_fixture() = before_; }

 private:
  std::string before_;
};

inline nlohmann::json const& golden()
{
  static std::map<std::string, nlohmann::json> loaded;
  std::string const& name = current_fixture();
  auto found = loaded.find(name);
  if (found == loaded.end()) {
    std::string const path = llava_fixture_dir() + "/golden_" + name + ".json";
    std::ifstream file(path);
    if (!file) throw std::runtime_error("expected a readable file, got " + path);
    found = loaded.emplace(name, nlohmann::json::parse(file)).first;
  }
  return found->second;
}

inline double number(char const* name)
{
  return golden().at(name).get<double>();
}
inline std::vector<double> numbers(char const* name)
{
  return golden().at(name).get<std::vector<double>>();
}
inline std::vector<index_t> ids(char const* name)
{
  return golden().at(name).get<std::vector<index_t>>();
}

/// The fixture's configuration, or one like it with another number of key and value heads.
inline llava::model_config config(index_t kv_heads = 0)
{
  nlohmann::json const& c = golden().at("config");
  llava::model_config out;
  out.text.vocab_size = c.at("V");
  out.text.hidden_size = c.at("H");
  out.text.intermediate_size = c.at("I");
  out.text.num_hidden_layers = c.at("L");
  out.text.num_attention_heads = c.at("NH");
  out.text.num_key_value_heads = kv_heads > 0 ? kv_heads : c.at("KV").get<index_t>();
  out.text.rms_norm_eps = c.at("eps");
  out.text.rope_theta = c.at("theta");
  out.text.max_position_embeddings = 64;
  out.vision.hidden_size = c.at("vh");
  out.vision.intermediate_size = c.at("vi");
  out.vision.num_hidden_layers = c.at("vl");
  out.vision.num_attention_heads = c.at("vn");
  out.vision.image_size = c.at("isz");
  out.vision.patch_size = c.at("ps");
  out.vision.layer_norm_eps = c.at("leps");
  out.image_token_index = c.at("img");
  out.vision_feature_layer = c.at("sel");
  return out;
}

inline llava::training_options lora_training()
{
  nlohmann::json const& lora = golden().at("lora");
  return {.lora = {.rank = lora.at("r"), .alpha = lora.at("alpha")}};
}

/// The formula of the fixture's README: ranges by kind of tensor, numbers by name.
template <class Real>
struct weights {
  std::vector<Real> operator()(std::string const& name, std::vector<index_t> const& shape) const
  {
    index_t const count = llava::element_count(shape);
    auto const values = [&](double scale, double offset) {
      return llava::uniform_values<Real>(name, count, scale, offset);
    };
    if (name.ends_with(".bias")) return values(0.05, 0);
    if (name.find("norm") != std::string::npos) return values(0.1, 1);
    if (name.find(".lora_") != std::string::npos) return values(0.2, 0);
    if (name.starts_with("pixel_values")) return values(1.5, 0);
    return values(0.25, 0);
  }
};

enum class picture { clean, noisy };

template <class Real>
void append_picture(llava::packed_batch<Real>& batch, picture which)
{
  std::string const name = which == picture::clean ? "pixel_values.clean" : "pixel_values.noisy";
  auto const pixels = weights<Real>{}(name, {3, 8, 8});
  batch.pixels.insert(batch.pixels.end(), pixels.begin(), pixels.end());
}

/// prompt, image, question, answer; the answer's tokens are the labels.
template <class Real>
void append_answer(llava::packed_batch<Real>& batch, char const* answer, index_t image,
                   std::size_t image_tokens = 16)
{
  std::vector<index_t> sequence = ids("prompt");
  if (image >= 0) sequence.insert(sequence.end(), image_tokens, config().image_token_index);
  for (char const* part : {"post", answer}) {
    for (index_t id : ids(part)) sequence.push_back(id);
  }
  auto const labels = static_cast<index_t>(ids(answer).size());
  llava::append_sequence(batch, sequence, static_cast<index_t>(sequence.size()) - labels, image);
}

/// Chosen and rejected on the clean image, chosen on the noisy image.
template <class Real>
llava::packed_batch<Real> preference_batch()
{
  llava::packed_batch<Real> batch;
  append_picture(batch, picture::clean);
  append_picture(batch, picture::noisy);
  append_answer(batch, "yw", 0);
  append_answer(batch, "yl", 0);
  append_answer(batch, "yw", 1);
  return batch;
}

/// Rejected answer on the clean picture: the batch of the test that trains every tensor.
template <class Real>
llava::packed_batch<Real> full_batch()
{
  llava::packed_batch<Real> batch;
  append_picture(batch, picture::clean);
  append_answer(batch, "yl", 0);
  return batch;
}

/// Everything that runs is trained, without adapters.
inline llava::training_options full_training()
{
  return {.language_model = true, .vision_tower = true};
}

/// Norms of the gradient of -logp of full_batch() with 2 key/value heads, from this project's own
/// double model, whose gradients test_model.cpp compares with central differences.
struct named_norm {
  char const* name;
  double norm;
};
inline constexpr named_norm full_norms[] = {
    {"language_model.model.embed_tokens.weight", 12.167961465104735},
    {"language_model.model.layers.0.self_attn.k_proj.weight", 7.8475359521672416},
    {"language_model.model.layers.1.input_layernorm.weight", 0.92036164123993103},
    {"language_model.model.layers.1.mlp.gate_proj.weight", 7.1912605427574796},
    {"language_model.lm_head.weight", 12.687350770522118},
    {"multi_modal_projector.linear_2.bias", 5.5822937949498765},
    {"vision_tower.vision_model.embeddings.class_embedding", 0.3141593816341316},
    {"vision_tower.vision_model.embeddings.patch_embedding.weight", 7.68228421150486},
    {"vision_tower.vision_model.embeddings.position_embedding.weight", 2.3227972245437791},
    {"vision_tower.vision_model.pre_layrnorm.weight", 1.0787206783757135},
    {"vision_tower.vision_model.encoder.layers.0.self_attn.k_proj.weight", 0.71286506208231715},
    {"vision_tower.vision_model.encoder.layers.1.mlp.fc1.bias", 1.022578689559918},
};
inline constexpr double full_norm = 39.295197982025712;  // of all tensors together

/// Plain log-softmax in double: the test's own arithmetic, apart from the library's row algorithms.
struct scored_row {
  double log_prob = 0;
  double entropy = 0;
  double log_normaliser = 0;
};

template <class Real>
scored_row score(std::vector<Real> const& logits, std::size_t row, index_t vocab, index_t target)
{
  Real const* const x = logits.data() + row * static_cast<std::size_t>(vocab);
  double top = -INFINITY;
  for (index_t i = 0; i < vocab; ++i) top = std::max(top, static_cast<double>(x[i]));
  double sum = 0;
  double dot = 0;
  for (index_t i = 0; i < vocab; ++i) {
    double const d = static_cast<double>(x[i]) - top;
    sum += std::exp(d);
    dot += std::exp(d) * d;
  }
  return {static_cast<double>(x[target]) - top - std::log(sum), std::log(sum) - dot / sum,
          top + std::log(sum)};
}

/// Per logit row of a batch.
template <class Real>
std::vector<scored_row> score_rows(std::vector<Real> const& logits,
                                   llava::packed_batch<Real> const& batch)
{
  index_t const vocab = config().text.vocab_size;
  auto const target = llava::targets(batch);
  std::vector<scored_row> rows;
  for (std::size_t r = 0; r < target.size(); ++r) {
    rows.push_back(score(logits, r, vocab, target[r]));
  }
  return rows;
}

/// Sums of log_prob over the rows of each sequence.
template <class Real>
std::vector<double> sequence_log_probs(std::vector<scored_row> const& rows,
                                       llava::packed_batch<Real> const& batch)
{
  std::vector<double> sums(static_cast<std::size_t>(batch.sequences()));
  std::size_t s = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    while (batch.logit_rows[r] >= batch.cu_seqlens[s + 1]) ++s;
    sums[s] += rows[r].log_prob;
  }
  return sums;
}

/// Loss and its derivative by the log-probability of each sequence of a preference_batch().
struct seeded_loss {
  double loss = 0;
  std::vector<double> seed = {0, 0, 0};
};

/// softplus(-beta ((w - w_ref) - (other - other_ref))), DPO between sequence 0 and `other`.
inline seeded_loss contrast(std::vector<double> const& policy, std::vector<double> const& reference,
                            std::size_t other)
{
  double const beta = number("dpo_beta");
  double const h = beta * ((policy[0] - reference[0]) - (policy[other] - reference[other]));
  seeded_loss out{std::log1p(std::exp(-h))};
  double const slope = -beta / (1 + std::exp(h));
  out.seed[0] = slope;
  out.seed[other] = -slope;
  return out;
}

inline seeded_loss operator+(seeded_loss a, seeded_loss const& b)
{
  a.loss += b.loss;
  for (std::size_t i = 0; i < a.seed.size(); ++i) a.seed[i] += b.seed[i];
  return a;
}

/// d loss / d logits = seed of the sequence * (one-hot - softmax).
template <class Real>
std::vector<Real> logits_gradient(std::vector<Real> const& logits,
                                  llava::packed_batch<Real> const& batch,
                                  std::vector<double> const& seed)
{
  index_t const vocab = config().text.vocab_size;
  auto const target = llava::targets(batch);
  auto const rows = score_rows(logits, batch);
  std::vector<Real> gradient(logits.size());
  std::size_t s = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    while (batch.logit_rows[r] >= batch.cu_seqlens[s + 1]) ++s;
    for (index_t i = 0; i < vocab; ++i) {
      std::size_t const at = r * static_cast<std::size_t>(vocab) + static_cast<std::size_t>(i);
      double const p = std::exp(static_cast<double>(logits[at]) - rows[r].log_normaliser);
      gradient[at] = static_cast<Real>(seed[s] * ((i == target[r] ? 1.0 : 0.0) - p));
    }
  }
  return gradient;
}

}  // namespace tiny
