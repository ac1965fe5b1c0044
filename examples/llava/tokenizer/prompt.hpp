// SPDX-License-Identifier: MIT
#pragma once
/// \file  Vicuna-style prompts about an image, as token ids with the answer's labels.
///
///     <system> USER: <image>\n<question> ASSISTANT: <answer></s>
///
/// The text before and after the image is tokenised on its own (each part begins with a blank of
/// its own, so a lone "▁" stands on both sides of the image), <s> stands once at the very
/// beginning, and the image becomes as many placeholder ids as the vision tower gives features. The
/// labels begin right after `ASSISTANT:` and end with </s>. The rules are those of the original
/// LLaVA-1.5 training code.

#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/math.hpp>

#include "llava/tokenizer/tokenizer.hpp"

namespace llava {

inline constexpr token_id ignore_label = -100;

/// What distinguishes the templates: the sentence before `USER:`, with its trailing blank.
struct prompt_template {
  std::string system;
};

/// LLaVA-1.5's training and evaluation ("a curious user"); default.
prompt_template vicuna_v1();
/// The first LLaVA's and RLAIF-V's ("a curious human").
prompt_template llava_v1();
/// Hugging Face's chat template for llava-1.5: no system sentence.
prompt_template hugging_face();

/// Template of that name: "vicuna_v1", "llava_v1" or "hugging_face". Throws std::invalid_argument.
prompt_template prompt_template_named(std::string_view name);

struct prompt_options {
  prompt_template format = vicuna_v1();
  index_t image_tokens = 576;    // placeholders per image
  token_id image_token = 32000;  // their id
  index_t max_length = 2048;     // of the whole sequence, image included
};

/// A prompt with one answer.
struct encoded_answer {
  std::vector<token_id> ids;     // <s>, prompt with placeholders, answer, </s>
  std::vector<token_id> labels;  // ids from answer_begin on, ignore_label before; not shifted
  index_t image_begin = 0;       // position of the first placeholder
  index_t answer_begin = 0;      // position of the first labelled token
};

/// The ids of a prompt up to and including `ASSISTANT:`, from which an answer is generated.
/// An `<image>` in the question is removed and blanks at its ends are stripped; the image goes
/// first. Throws std::runtime_error beginning with `where` (which names the sample) for a blank
/// question or a sequence over the limit.
std::vector<token_id> encode_prompt(tokenizer const& tokens, prompt_options const& options,
                                    std::string_view question, std::string const& where);

/// The ids and labels of a prompt with its answer; the answer's text is taken as it is.
/// Throws as encode_prompt(), and for an answer that is blank or contains `<image>`, and when the
/// tokens of prompt and answer do not part right after `ASSISTANT:` (LLaVA's "tokenization
/// mismatch").
encoded_answer encode_answer(tokenizer const& tokens, prompt_options const& options,
                             std::string_view question, std::string_view answer,
                             std::string const& where);

}  // namespace llava
