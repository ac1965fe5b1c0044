// SPDX-License-Identifier: MIT
/// \file  Token ids, image placeholders and labels of prompts, on a small tokenizer of LLaMA's
/// kind.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <sentencepiece_trainer.h>
#include <nlohmann/json.hpp>

#include "llava/tokenizer/prompt.hpp"
#include "llava/tokenizer/tokenizer.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/fixtures.hpp"

using llava::index_t;
using llava::token_id;

namespace {

/// Trains BPE with byte fallback as LLaMA's tokenizer was; `options` come on top.
llava::tokenizer train(temporary_folder const& folder, std::string const& options = {})
{
  std::string corpus;
  for (int i = 0; i < 20; ++i) {
    corpus +=
        "A chat between a curious user and an artificial intelligence assistant. The assistant "
        "gives helpful, detailed, and polite answers to the user's questions. USER: What is the "
        "dog doing? ASSISTANT: The dog is running on the beach.\n"
        "Two of them wear hats  and the dog runs. ASSISTANT: In the image there are 3 people.\n";
  }
  put_file(folder / "corpus.txt", corpus);
  auto const status = sentencepiece::SentencePieceTrainer::Train(
      "--input=" + (folder / "corpus.txt").string() +
      " --model_prefix=" + (folder / "tokenizer").string() +
      " --model_type=bpe --vocab_size=420 --byte_fallback=true --split_digits=true"
      " --normalization_rule_name=identity --remove_extra_whitespaces=false"
      " --allow_whitespace_only_pieces=true --minloglevel=2 " +
      options);
  if (!status.ok()) { throw std::runtime_error(status.ToString()); }
  return llava::tokenizer::open(folder.path());
}

/// Trained once for the whole run.
llava::tokenizer const& small_tokenizer()
{
  static temporary_folder const folder;
  static llava::tokenizer const tokens = train(folder);
  return tokens;
}

llava::prompt_options small_options()
{
  llava::prompt_options options;
  options.image_tokens = 3;
  options.image_token = 419;
  options.max_length = 500;
  return options;
}

std::string pieces(std::vector<token_id> const& ids, index_t begin, index_t end)
{
  std::string text;
  for (index_t i = begin; i < end; ++i) {
    text += small_tokenizer().piece(ids[static_cast<std::size_t>(i)]) + "|";
  }
  return text;
}

std::string answer_error(std::string const& question, std::string const& answer,
                         llava::prompt_options const& options = small_options())
{
  return error_of([&] {
    llava::encode_answer(small_tokenizer(), options, question, answer, "pairs.jsonl:3: chosen");
  });
}

constexpr auto question = "What is the dog doing?";
constexpr auto answer = "The dog is running on the beach.";

}  // namespace

TEST_CASE("a prompt has one image between lone blanks, one <s> and one </s>", "[llava]")
{
  auto const options = small_options();
  auto const encoded = llava::encode_answer(small_tokenizer(), options, question, answer, "pair");
  auto const size = static_cast<index_t>(encoded.ids.size());
  REQUIRE(std::count(encoded.ids.begin(), encoded.ids.end(), llava::bos_id) == 1);
  REQUIRE(std::count(encoded.ids.begin(), encoded.ids.end(), llava::eos_id) == 1);
  REQUIRE(std::count(encoded.ids.begin(), encoded.ids.end(), options.image_token) == 3);
  REQUIRE(encoded.ids.front() == llava::bos_id);
  REQUIRE(encoded.ids.back() == llava::eos_id);
  for (index_t i = 0; i < 3; ++i) {
    REQUIRE(encoded.ids[static_cast<std::size_t>(encoded.image_begin + i)] == options.image_token);
  }
  REQUIRE(pieces(encoded.ids, encoded.image_begin - 1, encoded.image_begin) == "▁|");
  REQUIRE(pieces(encoded.ids, encoded.image_begin + 3, encoded.image_begin + 5) == "▁|<0x0A>|");
  // Byte pieces apart, the text on both sides is the template's.
  std::vector<token_id> before(encoded.ids.begin() + 1, encoded.ids.begin() + encoded.image_begin);
  std::vector<token_id> after(encoded.ids.begin() + encoded.image_begin + 3, encoded.ids.end());
  REQUIRE(
      small_tokenizer().decode(before) ==
      "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
      "helpful, detailed, and polite answers to the user's questions. USER: ");
  REQUIRE(small_tokenizer().decode(after) ==
          "\nWhat is the dog doing? ASSISTANT: The dog is running on the beach.");
  REQUIRE(static_cast<index_t>(encoded.labels.size()) == size);
}

TEST_CASE("labels begin right after ASSISTANT: and end with </s>", "[llava]")
{
  auto const encoded =
      llava::encode_answer(small_tokenizer(), small_options(), question, answer, "pair");
  auto const begin = encoded.answer_begin;
  auto const size = static_cast<index_t>(encoded.ids.size());
  for (index_t i = 0; i < size; ++i) {
    auto const at = static_cast<std::size_t>(i);
    REQUIRE(encoded.labels[at] == (i < begin ? llava::ignore_label : encoded.ids[at]));
  }
  auto const last_prompt_piece = pieces(encoded.ids, begin - 1, begin);
  REQUIRE(last_prompt_piece.substr(last_prompt_piece.size() - 2) == ":|");
  // The blank after the colon is merged into the first word: no lone blank on either side.
  REQUIRE(pieces(encoded.ids, begin, begin + 1) == "▁The|");
  std::vector<token_id> const labelled(encoded.ids.begin() + begin, encoded.ids.end() - 1);
  REQUIRE(labelled == small_tokenizer().encode(answer));

  // The original counts: <s>, the instruction with its trailing blank, less two, plus one.
  auto const prompt = llava::encode_prompt(small_tokenizer(), small_options(), question, "pair");
  REQUIRE(static_cast<index_t>(prompt.size()) == begin);
  REQUIRE(std::equal(prompt.begin(), prompt.end(), encoded.ids.begin()));
}

TEST_CASE("an answer that begins with a blank, a byte or a digit is labelled from its first token",
          "[llava]")
{
  for (std::string const text : {" dog", "\ndog", "🙂", "3 people", "ASSISTANT: dog"}) {
    CAPTURE(text);
    auto const encoded =
        llava::encode_answer(small_tokenizer(), small_options(), question, text, "pair");
    std::vector<token_id> const labelled(encoded.ids.begin() + encoded.answer_begin,
                                         encoded.ids.end() - 1);
    REQUIRE(labelled == small_tokenizer().encode(text));
    REQUIRE(small_tokenizer().decode(labelled) == text);
  }
}

TEST_CASE("two answers to one question share the whole prompt", "[llava]")
{
  auto const chosen =
      llava::encode_answer(small_tokenizer(), small_options(), question, answer, "c");
  auto const rejected =
      llava::encode_answer(small_tokenizer(), small_options(), question, "Two hats.", "r");
  REQUIRE(chosen.answer_begin == rejected.answer_begin);
  REQUIRE(std::equal(chosen.ids.begin(), chosen.ids.begin() + chosen.answer_begin,
                     rejected.ids.begin()));
}

TEST_CASE("the image mark of a question moves to the front and control symbols stay text",
          "[llava]")
{
  auto const encode = [](std::string const& q) {
    return llava::encode_prompt(small_tokenizer(), small_options(), q, "pair");
  };
  auto const plain = encode(question);
  REQUIRE(encode("<image>\nWhat is the dog doing?") == plain);
  REQUIRE(encode("What is the dog doing?\n<image>") == plain);
  REQUIRE(encode(" What is the dog doing? \n") == plain);
  auto const hostile = encode("a</s><s> b");
  REQUIRE(std::count(hostile.begin(), hostile.end(), llava::eos_id) == 0);
  REQUIRE(std::count(hostile.begin(), hostile.end(), llava::bos_id) == 1);
}

TEST_CASE("the templates differ in their system sentence only", "[llava]")
{
  auto const text = [](std::string const& name) {
    auto options = small_options();
    options.format = llava::prompt_template_named(name);
    auto ids = llava::encode_prompt(small_tokenizer(), options, "q", "pair");
    std::erase(ids, options.image_token);
    return small_tokenizer().decode(ids);
  };
  REQUIRE(mentions(text("vicuna_v1"), {"curious user and", "the user's questions. USER: "}));
  REQUIRE(mentions(text("llava_v1"), {"curious human and", "the human's questions. USER: "}));
  REQUIRE(text("hugging_face").substr(0, 6) == "USER: ");
  REQUIRE(mentions(error_of([] { llava::prompt_template_named("v9"); }), {"vicuna_v1", "'v9'"}));
}

TEST_CASE("answers and sequences that cannot be trained on are errors that name the pair",
          "[llava]")
{
  REQUIRE(answer_error(question, answer) == "no error");
  REQUIRE(mentions(answer_error(question, ""), {"pairs.jsonl:3: chosen", "blank"}));
  REQUIRE(mentions(answer_error(question, " \n"), {"pairs.jsonl:3: chosen", "blank"}));
  REQUIRE(mentions(answer_error(" ", answer), {"pairs.jsonl:3: chosen", "question"}));
  REQUIRE(mentions(answer_error(question, "see <image>"), {"pairs.jsonl:3: chosen", "<image>"}));
  auto const encoded =
      llava::encode_answer(small_tokenizer(), small_options(), question, answer, "pair");
  auto options = small_options();
  options.max_length = static_cast<index_t>(encoded.ids.size());
  REQUIRE(answer_error(question, answer, options) == "no error");
  options.max_length -= 1;
  REQUIRE(mentions(answer_error(question, answer, options),
                   {"pairs.jsonl:3: chosen", "at most " + std::to_string(options.max_length),
                    std::to_string(encoded.ids.size())}));
  options.image_tokens = 0;
  REQUIRE(mentions(answer_error(question, answer, options), {"image tokens", "got 0"}));
}

TEST_CASE("a tokenizer whose prompt and answer do not part at the colon is refused", "[llava]")
{
  temporary_folder const folder;
  auto const tokens = train(folder, "--user_defined_symbols=:▁The");
  std::string const error =
      error_of([&] { llava::encode_answer(tokens, small_options(), question, answer, "pair 7"); });
  CAPTURE(error);
  REQUIRE(mentions(error, {"pair 7", "tokenization mismatch"}));
}

TEST_CASE("a file that is no tokenizer of LLaMA's kind is refused", "[llava]")
{
  temporary_folder const folder;
  auto const error = [](std::filesystem::path const& path) {
    return error_of([&] { llava::tokenizer::open(path); });
  };
  REQUIRE(mentions(error(folder.path()), {"tokenizer.model", "got nothing"}));
  REQUIRE(
      mentions(error(put_file(folder / "x.model", "not a model")), {"x.model", "SentencePiece"}));
  REQUIRE(mentions(error_of([&] { train(folder, "--unk_id=1 --bos_id=0"); }),
                   {"tokenizer.model", "0, 1, 2", "1, 0, 2"}));
  REQUIRE_THROWS_AS(small_tokenizer().piece(420), std::invalid_argument);
  REQUIRE_THROWS_AS(small_tokenizer().decode({-1}), std::invalid_argument);
  REQUIRE(small_tokenizer().size() == 420);
}

TEST_CASE("the Llama-2 tokenizer gives the recorded ids and labels", "[llava]")
{
  char const* const path = std::getenv("PREFOPT_LLAMA_TOKENIZER");
  if (path == nullptr) {
    WARN("skipped: PREFOPT_LLAMA_TOKENIZER does not name the Llama-2 tokenizer.model");
    return;
  }
  auto const tokens = llava::tokenizer::open(path);
  REQUIRE(tokens.encode("\t") == std::vector<token_id>{29871, 12});
  REQUIRE(tokens.encode(" x") == std::vector<token_id>{29871, 921});
  REQUIRE(tokens.encode("é") == std::vector<token_id>{904});
  REQUIRE(tokens.encode("🙂") == std::vector<token_id>{29871, 243, 162, 156, 133});
  REQUIRE(tokens.encode("Hello  world") == std::vector<token_id>{15043, 29871, 3186});
  REQUIRE(tokens.encode("x\n\ny") == std::vector<token_id>{921, 13, 13, 29891});
  REQUIRE(tokens.encode("1234 5") ==
          std::vector<token_id>{29871, 29896, 29906, 29941, 29946, 29871, 29945});

  std::ifstream file(llava_fixture_dir() + "/token_golden.json");
  REQUIRE(file);
  llava::prompt_options options;
  options.image_tokens = 1;
  options.image_token = -200;  // the placeholder of the recorded ids
  for (auto const& golden : nlohmann::json::parse(file)) {
    auto const encoded = llava::encode_answer(tokens, options, golden["q"].get<std::string>(),
                                              golden["a"].get<std::string>(), "golden");
    REQUIRE(encoded.ids == golden["ids"].get<std::vector<token_id>>());
    REQUIRE(encoded.labels == golden["labels"].get<std::vector<token_id>>());
    REQUIRE(encoded.answer_begin == golden["n_masked"].get<index_t>());
  }
}
