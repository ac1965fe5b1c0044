// SPDX-License-Identifier: MIT
#include "llava/tokenizer/tokenizer.hpp"

#include <stdexcept>

#include <sentencepiece_processor.h>

#include "llava/support/file.hpp"

namespace llava {

tokenizer tokenizer::open(std::filesystem::path const& path)
{
  auto const file = std::filesystem::is_directory(path) ? path / "tokenizer.model" : path;
  auto const bytes = read_file(file);
  auto model = std::make_shared<sentencepiece::SentencePieceProcessor>();
  auto const status = model->LoadFromSerializedProto(bytes);
  if (!status.ok()) {
    throw std::runtime_error(file.string() + ": expected a SentencePiece model, got " +
                             status.ToString());
  }
  if (model->unk_id() != unknown_id || model->bos_id() != bos_id || model->eos_id() != eos_id) {
    throw std::runtime_error(
        file.string() + ": expected <unk>, <s>, </s> with the ids 0, 1, 2, got " +
        std::to_string(model->unk_id()) + ", " + std::to_string(model->bos_id()) + ", " +
        std::to_string(model->eos_id()));
  }
  tokenizer result;
  result.model_ = std::move(model);
  return result;
}

std::vector<token_id> tokenizer::encode(std::string_view text) const
{
  std::vector<int> ids;
  auto const status = model_->Encode({text.data(), text.size()}, &ids);
  if (!status.ok()) { throw std::runtime_error("tokenizer: " + status.ToString()); }
  return {ids.begin(), ids.end()};
}

std::string tokenizer::decode(std::vector<token_id> const& ids) const
{
  for (token_id const id : ids) { check_id(id); }
  std::string text;
  auto const status = model_->Decode(std::vector<int>(ids.begin(), ids.end()), &text);
  if (!status.ok()) { throw std::runtime_error("tokenizer: " + status.ToString()); }
  return text;
}

index_t tokenizer::size() const
{
  return model_->GetPieceSize();
}

std::string tokenizer::piece(token_id id) const
{
  check_id(id);
  return model_->IdToPiece(id);
}

void tokenizer::check_id(token_id id) const
{
  if (id < 0 || id >= size()) {
    throw std::invalid_argument("tokenizer: expected an id in [0, " + std::to_string(size()) +
                                "), got " + std::to_string(id));
  }
}

}  // namespace llava
