// SPDX-License-Identifier: MIT
#pragma once
/// \file  Noun phrases as they are compared: words in the singular, and the one that names the
/// thing.

#include <string>
#include <string_view>
#include <vector>

#include <prefopt/image/lemma.hpp>

namespace prefopt {

/// A noun phrase as what it is compared by: its words in lower case and singular without articles,
/// and the one that names the thing: the last before "of", "with", "in", "on" and the like.
struct noun_phrase {
  std::vector<std::string> words;
  std::size_t head = 0;

  bool operator==(noun_phrase const&) const = default;
};

namespace detail {

template <std::size_t N>
bool is_one_of(std::string_view word, std::string_view const (&words)[N])
{
  bool found = false;
  for (auto const& candidate : words) { found = found || word == candidate; }
  return found;
}

inline constexpr std::string_view phrase_articles[] = {"a",    "an",   "the",   "some",  "this",
                                                       "that", "his",  "her",   "their", "its",
                                                       "my",   "your", "these", "those"};
inline constexpr std::string_view phrase_prepositions[] = {"of", "with", "in",   "on", "at",
                                                           "by", "from", "near", "for"};

/// Letters, digits and all bytes beyond ASCII are parts of words; an apostrophe within one too.
inline bool is_phrase_byte(char c)
{
  auto const byte = static_cast<unsigned char>(c);
  return byte >= 128 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace detail

/// Splits a phrase at everything but letters, digits and bytes beyond ASCII (in lower case only
/// where they are ASCII). A phrase without a word has no words.
inline noun_phrase make_noun_phrase(std::string_view text)
{
  noun_phrase phrase;
  bool head_found = false;
  for (std::size_t i = 0; i < text.size();) {
    std::string word;
    while (i < text.size() &&
           (detail::is_phrase_byte(text[i]) || (text[i] == '\'' && !word.empty()))) {
      char const c = text[i++];
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (word.empty()) {
      ++i;
    } else if (detail::is_one_of(word, detail::phrase_prepositions)) {
      head_found = head_found || !phrase.words.empty();
    } else if (!detail::is_one_of(word, detail::phrase_articles)) {
      if (!head_found) { phrase.head = phrase.words.size(); }
      phrase.words.push_back(singular_of(word));
    }
  }
  return phrase;
}

}  // namespace prefopt
