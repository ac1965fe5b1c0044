// SPDX-License-Identifier: MIT
#pragma once
/// \file  A row of a preference data set in any of the forms in use.

#include <optional>
#include <string>

namespace llava {

/// The texts of a pair, and its files as the row names them.
struct pair_row {
  std::string question;
  std::string chosen;
  std::string rejected;
  std::string image;
  std::optional<std::string> mask;
};

/// Reads one JSON object, whichever of these it is:
///
/// - ours and RLAIF-V's: `question`, `chosen`, `rejected`, `image` or `image_path`, maybe `mask`;
/// - RLHF-V's: `text`, a string that holds JSON with the three, and `image_path` (or `image`);
/// - TRL's: `prompt`, `chosen`, `rejected` as texts or as lists of messages, and `images` with one
///   path (or `image`); the prompt may be the first message of `chosen`;
/// - LLaVA's: `conversations` of one round with the chosen answer and `rejected_conversations`, or
///   `conversations` with the question, and `chosen` and `rejected` messages;
/// - VLFeedback's: `prompt`, `img_path` or `image`, `completions`; the pair is the answers with the
///   highest and the lowest mean rating, the first where several are as good.
///
/// An image may also be an object with a `path`. The mark <image> and the blanks around it are
/// taken out of questions in lists of messages; other texts are kept as they are.
/// Throws std::runtime_error "<where>: ..." for malformed JSON or UTF-8, a missing, mistyped or
/// blank field, more than one round or image, and answers that are the same or rated the same.
pair_row parse_pair_row(std::string const& text, std::string const& where);

}  // namespace llava
