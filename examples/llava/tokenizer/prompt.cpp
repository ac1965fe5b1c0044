// SPDX-License-Identifier: MIT
#include "llava/tokenizer/prompt.hpp"

#include <algorithm>
#include <stdexcept>

namespace llava {
namespace {

constexpr std::string_view image_mark = "<image>";
constexpr std::string_view lone_blank = "\xe2\x96\x81";  // U+2581
constexpr std::string_view white_space = " \t\n\v\f\r";

[[noreturn]] void fail(std::string const& where, std::string const& what)
{
  throw std::runtime_error(where + ": " + what);
}

std::string system_sentence(std::string const& who)
{
  return "A chat between a curious " + who +
         " and an artificial intelligence assistant. The assistant gives helpful, detailed, and "
         "polite answers to the " +
         who + "'s questions. ";
}

std::string_view stripped(std::string_view text)
{
  auto const first = text.find_first_not_of(white_space);
  if (first == text.npos) { return {}; }
  return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

std::string without_image_mark(std::string text)
{
  for (auto at = text.find(image_mark); at != text.npos; at = text.find(image_mark, at)) {
    text.erase(at, image_mark.size());
  }
  return text;
}

/// The text of a sample on both sides of its image.
struct prompt_text {
  std::string before_image;
  std::string after_image;  // ends with "ASSISTANT:"
};

prompt_text make_text(prompt_template const& format, std::string_view question,
                      std::string const& where)
{
  std::string const cleaned = without_image_mark(std::string(question));
  auto const asked = stripped(cleaned);
  if (asked.empty()) { fail(where, "expected a question, got a blank one"); }
  return {format.system + "USER: ", "\n" + std::string(asked) + " ASSISTANT:"};
}

std::vector<token_id> with_image(std::vector<token_id> const& before,
                                 std::vector<token_id> const& after, prompt_options const& options)
{
  std::vector<token_id> ids{bos_id};
  ids.insert(ids.end(), before.begin(), before.end());
  ids.insert(ids.end(), static_cast<std::size_t>(options.image_tokens), options.image_token);
  ids.insert(ids.end(), after.begin(), after.end());
  return ids;
}

void check_options(prompt_options const& options)
{
  if (options.image_tokens <= 0) {
    throw std::invalid_argument("prompt: expected a positive number of image tokens, got " +
                                std::to_string(options.image_tokens));
  }
}

void check_length(std::vector<token_id> const& ids, prompt_options const& options,
                  std::string const& where)
{
  if (static_cast<index_t>(ids.size()) > options.max_length) {
    fail(where, "expected at most " + std::to_string(options.max_length) +
                    " tokens with the image, got " + std::to_string(ids.size()));
  }
}

}  // namespace

prompt_template vicuna_v1()
{
  return {system_sentence("user")};
}
prompt_template llava_v1()
{
  return {system_sentence("human")};
}
prompt_template hugging_face()
{
  return {""};
}

prompt_template prompt_template_named(std::string_view name)
{
  if (name == "vicuna_v1") { return vicuna_v1(); }
  if (name == "llava_v1") { return llava_v1(); }
  if (name == "hugging_face") { return hugging_face(); }
  throw std::invalid_argument(
      "prompt template: expected vicuna_v1, llava_v1 or hugging_face, got '" + std::string(name) +
      "'");
}

std::vector<token_id> encode_prompt(tokenizer const& tokens, prompt_options const& options,
                                    std::string_view question, std::string const& where)
{
  check_options(options);
  auto const text = make_text(options.format, question, where);
  auto ids = with_image(tokens.encode(text.before_image), tokens.encode(text.after_image), options);
  check_length(ids, options, where);
  return ids;
}

encoded_answer encode_answer(tokenizer const& tokens, prompt_options const& options,
                             std::string_view question, std::string_view answer,
                             std::string const& where)
{
  check_options(options);
  if (stripped(answer).empty()) { fail(where, "expected an answer with tokens, got a blank one"); }
  if (answer.find(image_mark) != answer.npos) {
    fail(where, "expected an answer without '<image>', got '" + std::string(answer) + "'");
  }
  auto const text = make_text(options.format, question, where);
  auto const before = tokens.encode(text.before_image);
  auto const whole = tokens.encode(text.after_image + " " + std::string(answer));
  // The instruction with its trailing blank. That blank merges into the answer's first word, so all
  // but the last token must reappear in the whole; if not, the labels would be off by some tokens.
  auto instruction = tokens.encode(text.after_image + " ");
  bool const blank = !instruction.empty() && tokens.piece(instruction.back()) == lone_blank;
  if (blank) { instruction.pop_back(); }
  bool const is_prefix = whole.size() > instruction.size() &&
                         std::equal(instruction.begin(), instruction.end(), whole.begin());
  if (!blank || !is_prefix) {
    fail(where, "tokenization mismatch: expected the prompt's " +
                    std::to_string(instruction.size()) +
                    " tokens after the image at the beginning of the " +
                    std::to_string(whole.size()) + " with the answer, got other ones");
  }

  encoded_answer result;
  result.ids = with_image(before, whole, options);
  result.image_begin = static_cast<index_t>(1 + before.size());
  result.answer_begin =
      result.image_begin + options.image_tokens + static_cast<index_t>(instruction.size());
  result.ids.push_back(eos_id);
  check_length(result.ids, options, where);
  result.labels = result.ids;
  std::fill_n(result.labels.begin(), result.answer_begin, ignore_label);
  return result;
}

}  // namespace llava
