// SPDX-License-Identifier: MIT
#include "llava/checkpoint/tensor_names.hpp"

#include <array>

namespace llava {
namespace {

struct prefix_rule {
  std::string_view from, to;
};

// The first rule that matches is used, so longer prefixes stand before their beginnings.
constexpr std::array prefix_rules{
    prefix_rule{"model.vision_tower.vision_tower.", "vision_tower."},  // original 1.6
    prefix_rule{"model.mm_projector.0.", "multi_modal_projector.linear_1."},
    prefix_rule{"model.mm_projector.2.", "multi_modal_projector.linear_2."},
    prefix_rule{"model.image_newline", "image_newline"},
    prefix_rule{"model.language_model.", "language_model.model."},  // transformers >= 4.52
    prefix_rule{"model.vision_tower.", "vision_tower."},
    prefix_rule{"model.multi_modal_projector.", "multi_modal_projector."},
    prefix_rule{"model.layers.", "language_model.model.layers."},  // original 1.5
    prefix_rule{"model.embed_tokens.", "language_model.model.embed_tokens."},
    prefix_rule{"model.norm.", "language_model.model.norm."},
    prefix_rule{"lm_head.", "language_model.lm_head."},
};

constexpr std::string_view adapter_prefix = "base_model.model.";

}  // namespace

std::string canonical_name(std::string_view name)
{
  if (name.starts_with(adapter_prefix)) {
    return std::string(adapter_prefix) + canonical_name(name.substr(adapter_prefix.size()));
  }
  for (auto const& rule : prefix_rules) {
    if (name.starts_with(rule.from)) {
      return std::string(rule.to) + std::string(name.substr(rule.from.size()));
    }
  }
  return std::string(name);
}

}  // namespace llava
