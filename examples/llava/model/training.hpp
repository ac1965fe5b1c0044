// SPDX-License-Identifier: MIT
#pragma once
/// \file  Which tensors of a model are trained, and which linear layers get a low-rank adapter.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// Whether a pattern, in which `*` stands for any characters or none, matches the whole text.
constexpr bool matches_wildcard(std::string_view pattern, std::string_view text)
{
  if (pattern.empty()) return text.empty();
  if (pattern.front() != '*') {
    return !text.empty() && pattern.front() == text.front() &&
           matches_wildcard(pattern.substr(1), text.substr(1));
  }
  for (std::size_t skipped = 0; skipped <= text.size(); ++skipped) {
    if (matches_wildcard(pattern.substr(1), text.substr(skipped))) return true;
  }
  return false;
}

/// LoRA on linear layers of the decoder. A layer is chosen by its module path, such as
/// "language_model.model.layers.0.self_attn.q_proj".
struct lora_options {
  index_t rank = 0;  // 0: no adapters
  double alpha = 0;
  /// A layer is chosen by any of: its path, the last parts of its path (as in PEFT's list
  /// `target_modules`), or a pattern with `*` for the whole path.
  std::vector<std::string> targets = {"q_proj",    "k_proj",  "v_proj",   "o_proj",
                                      "gate_proj", "up_proj", "down_proj"};
  std::uint64_t seed = 0;  // of the initial A

  bool selects(std::string_view path) const
  {
    if (rank == 0) return false;
    for (std::string const& target : targets) {
      if (path.ends_with("." + target) || matches_wildcard(target, path)) return true;
    }
    return false;
  }
};

/// What a run trains. Stage 1: the projector. Stage 2 and 3: it and adapters, or the language
/// model.
struct training_options {
  bool projector = true;
  bool language_model = false;  // all its weights, embeddings and head included
  bool vision_tower = false;    // what runs of it
  lora_options lora = {};
};

}  // namespace llava
