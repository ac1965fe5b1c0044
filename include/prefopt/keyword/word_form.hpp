// SPDX-License-Identifier: MIT
#pragma once
/// \file  What an English word is by itself: its closed class, its verb, its adjective.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <prefopt/keyword/english_words.hpp>
#include <prefopt/keyword/word.hpp>

namespace prefopt::detail {

/// The part of speech of a word of a closed class, `other` for all other words.
inline part_of_speech closed_class(std::string_view word)
{
  using tag = part_of_speech;
  if (!word.empty() && word[0] >= '0' && word[0] <= '9') { return tag::numeral; }
  if (contains_word(english::particles, word)) { return tag::particle; }
  if (contains_word(english::auxiliaries, word)) { return tag::auxiliary; }
  if (contains_word(english::determiners, word)) { return tag::determiner; }
  if (contains_word(english::pronouns, word)) { return tag::pronoun; }
  if (contains_word(english::adpositions, word)) { return tag::adposition; }
  if (contains_word(english::conjunctions, word)) { return tag::conjunction; }
  if (contains_word(english::numerals, word)) { return tag::numeral; }
  if (contains_word(english::adverbs, word)) { return tag::adverb; }
  if (contains_word(english::interjections, word)) { return tag::interjection; }
  return tag::other;
}

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

/// "brighter", "biggest", "reddish" of a known adjective.
inline bool is_degree_of_adjective(std::string_view word)
{
  for (std::string_view const ending : {"er", "est", "ish"}) {
    std::string base(word);
    if (base.size() < ending.size() + 3 || !base.ends_with(ending)) { continue; }
    base.resize(base.size() - ending.size());
    if (contains_word(english::adjectives, base) ||
        contains_word(english::adjectives, base + "e")) {
      return true;
    }
    if (base.back() == 'i') {
      base.back() = 'y';
    } else if (base.back() == base[base.size() - 2]) {
      base.pop_back();
    }
    if (contains_word(english::adjectives, base)) { return true; }
  }
  return false;
}

}  // namespace prefopt::detail
