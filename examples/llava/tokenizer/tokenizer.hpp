// SPDX-License-Identifier: MIT
#pragma once
/// \file  The SentencePiece tokenizer of LLaMA models.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/math.hpp>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace llava {

using prefopt::index_t;
using token_id = std::int32_t;

inline constexpr token_id unknown_id = 0;  // <unk>, also LLaVA's padding
inline constexpr token_id bos_id = 1;      // <s>
inline constexpr token_id eos_id = 2;      // </s>

/// A loaded `tokenizer.model`; cheap to copy, safe to share between threads.
class tokenizer {
 public:
  /// Opens `tokenizer.model`, or a folder that holds it. Throws std::runtime_error naming the file
  /// if it is missing, no SentencePiece model, or does not have <unk>, <s>, </s> at 0, 1, 2 as
  /// LLaMA's has.
  static tokenizer open(std::filesystem::path const& path);

  /// Ids of a text, without <s> and </s>: nothing in the text is read as a control symbol. As in
  /// LLaMA, a blank is put before the text, so that a first word has the same id as a later one.
  std::vector<token_id> encode(std::string_view text) const;

  /// Text of ids; control symbols vanish. Throws std::invalid_argument for an id out of range.
  std::string decode(std::vector<token_id> const& ids) const;

  index_t size() const;

  /// The piece of an id with blanks as U+2581. Throws std::invalid_argument for an id out of range.
  std::string piece(token_id id) const;

 private:
  void check_id(token_id id) const;

  std::shared_ptr<sentencepiece::SentencePieceProcessor const> model_;
};

}  // namespace llava
