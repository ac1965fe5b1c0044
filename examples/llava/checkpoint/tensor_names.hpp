// SPDX-License-Identifier: MIT
#pragma once
/// \file  One set of tensor names for the several layouts in which LLaVA weights are stored.

#include <string>
#include <string_view>

namespace llava {

/// Maps a tensor name of any known layout to the one Hugging Face LLaVA files use on disk
/// (`language_model.model.…`, `language_model.lm_head.…`, `vision_tower.vision_model.…`,
/// `multi_modal_projector.linear_{1,2}.…`, `image_newline`). Known are: that layout itself, the one
/// of transformers >= 4.52 in memory, and the original LLaVA code's. A prefix `base_model.model.`
/// (adapters) is kept. Other names come back unchanged, so the function is its own fixed point.
std::string canonical_name(std::string_view name);

}  // namespace llava
