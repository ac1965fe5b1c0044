// SPDX-License-Identifier: MIT
#pragma once
/// \file  Which form of which known English verb a word is.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <prefopt/keyword/english_words.hpp>

namespace prefopt::detail {

enum class verb_ending : std::uint8_t { none, bare, s, ed, ing };

/// What the ending says, and the verb if it is a known one.
struct verb_form {
  verb_ending ending = verb_ending::none;
  std::string base;  // empty: not a verb that is known
};

/// The known verb that these letters are the stem of: bak-, bake-, bakk-, bak-i.
inline std::string known_verb(std::string_view stem)
{
  std::string word(stem);
  if (contains_word(english::verbs, word)) { return word; }
  if (contains_word(english::verbs, word + "e")) { return word + "e"; }
  std::size_t const n = word.size();
  if (n >= 2 && word[n - 1] == word[n - 2]) {
    word.pop_back();
    if (contains_word(english::verbs, word)) { return word; }
  } else if (n >= 2 && word.back() == 'i') {
    word.back() = 'y';
    if (contains_word(english::verbs, word)) { return word; }
  }
  return {};
}

/// The form of a word in lower case. Unknown words have an ending (s, ed, ing) and no base.
inline verb_form verb_form_of(std::string_view word)
{
  if (contains_word(english::verbs, word)) { return {verb_ending::bare, std::string(word)}; }
  if (contains_word(english::irregular_verbs, word)) {
    return {verb_ending::ed, std::string(word)};
  }
  auto const without = [&](std::size_t letters) { return word.substr(0, word.size() - letters); };
  if (word.size() > 4 && word.ends_with("ing")) {
    return {verb_ending::ing, known_verb(without(3))};
  }
  if (word.size() > 3 && word.ends_with("ed")) { return {verb_ending::ed, known_verb(without(2))}; }
  bool const plural_like = word.size() > 2 && word.ends_with("s") && !word.ends_with("ss") &&
                           !word.ends_with("us") && !word.ends_with("is");
  if (!plural_like) { return {}; }
  std::string base = known_verb(without(1));
  if (base.empty() && word.ends_with("es")) { base = known_verb(without(2)); }
  return {verb_ending::s, base};
}

}  // namespace prefopt::detail
