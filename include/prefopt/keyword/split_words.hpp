// SPDX-License-Identifier: MIT
#pragma once
/// \file  Text to words and sentences, for English and languages that write like it.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/math.hpp>
#include <prefopt/keyword/porter_stem.hpp>
#include <prefopt/keyword/word.hpp>

namespace prefopt {
namespace detail {

constexpr bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}
/// Letters, digits and every byte of a character beyond ASCII.
constexpr bool is_word_byte(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
         static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool is_blank(char c)
{
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/// Bytes of the punctuation mark that `text` begins with, 0 if it begins with none. Beyond ASCII:
/// General Punctuation (dashes, quotes, ellipsis, bullets: E2 80 90 .. E2 80 BF), the no-break
/// space (C2 A0) and the ideographic comma and full stop (E3 80 81, E3 80 82).
constexpr std::size_t punctuation_bytes(std::string_view text)
{
  if (text.empty()) { return 0; }
  if (!is_word_byte(text[0])) { return is_blank(text[0]) ? 0 : 1; }
  if (text.starts_with("\xC2\xA0")) { return 2; }
  if (text.starts_with("\xE3\x80\x81") || text.starts_with("\xE3\x80\x82")) { return 3; }
  bool const general = text.size() >= 3 && text.starts_with("\xE2\x80") &&
                       static_cast<unsigned char>(text[2]) >= 0x90;
  return general ? 3 : 0;
}

/// Bytes of the apostrophe that `text` begins with: ' or U+2019.
constexpr std::size_t apostrophe_bytes(std::string_view text)
{
  return text.starts_with("'") ? 1 : text.starts_with("\xE2\x80\x99") ? 3 : 0;
}

/// Whether a full stop after this word is part of it.
inline bool is_abbreviation(std::string_view word)
{
  if (word.size() == 1) { return !is_digit(word[0]); }
  constexpr std::string_view known[] = {"mr",  "mrs", "ms",  "dr",  "st",     "prof", "vs",
                                        "no",  "jr",  "sr",  "etc", "approx", "fig",  "e.g",
                                        "i.e", "a.m", "p.m", "u.s", "u.k"};
  std::string const lower = lower_case(word);
  return std::ranges::find(known, lower) != std::end(known);
}

/// Whether a line break with this text after it ends a sentence: an empty line, or an item of a
/// list. Other line breaks are wrapped text.
constexpr bool begins_block(std::string_view text)
{
  std::size_t i = 0;
  while (i < text.size() && is_blank(text[i]) && text[i] != '\n') { ++i; }
  if (i == text.size() || text[i] == '\n') { return true; }
  bool const bullet = text[i] == '-' || text[i] == '*' || text[i] == '#' ||
                      text.substr(i).starts_with("\xE2\x80\xA2");
  return bullet || is_digit(text[i]);
}

/// Bytes of the word that `text` begins with; 1 or more.
inline std::size_t word_bytes(std::string_view text)
{
  std::size_t i = 0;
  while (i < text.size()) {
    std::string_view const rest = text.substr(i);
    if (is_word_byte(text[i]) && punctuation_bytes(rest) == 0) {
      ++i;
      continue;
    }
    // Joined inside a word: well-lit, don't, 3.5, 1,000, e.g.
    std::size_t const apostrophe = apostrophe_bytes(rest);
    std::size_t const joint = apostrophe != 0 ? apostrophe : 1;
    bool const joins = i > 0 && i + joint < text.size() && is_word_byte(text[i + joint]) &&
                       punctuation_bytes(text.substr(i + joint)) == 0;
    bool const between_digits = joins && is_digit(text[i - 1]) && is_digit(text[i + joint]);
    bool const letters = joins && text[i] == '.' && (i == 1 || text[i - 2] == '.');
    if (joins && (text[i] == '-' || apostrophe != 0)) {
      i += joint;
    } else if ((between_digits && (text[i] == '.' || text[i] == ',')) || letters) {
      ++i;
    } else {
      break;
    }
  }
  return i;
}

}  // namespace detail

/// The words and punctuation marks of a text, without tags, sentence by sentence. Words may hold
/// hyphens, apostrophes and decimal points; 's is a word of its own. A sentence ends at . ! ? (not
/// after an abbreviation), at an empty line and before a list item. Any bytes are accepted: bytes
/// beyond ASCII are letters but for common UTF-8 punctuation. Linear in the length of the text.
inline std::vector<tagged_word> split_words(std::string_view text)
{
  std::vector<tagged_word> words;
  index_t sentence = 0;
  bool ended = false;  // the next word begins a sentence
  auto const push = [&](std::string_view word, part_of_speech tag) {
    bool const opens = tag != part_of_speech::punctuation;
    if (ended && opens) { ++sentence; }
    ended = ended && !opens;
    words.push_back({std::string(word), tag, sentence});
  };
  std::size_t i = 0;
  while (i < text.size()) {
    std::string_view const rest = text.substr(i);
    if (detail::is_blank(text[i])) {
      if (text[i] == '\n' && !words.empty() && detail::begins_block(rest.substr(1))) {
        ended = true;
        // The blanks that were looked at are not looked at again.
        while (i + 1 < text.size() && detail::is_blank(text[i + 1])) { ++i; }
      }
      ++i;
    } else if (std::size_t const mark = detail::punctuation_bytes(rest); mark != 0) {
      char const c = text[i];
      bool const after_abbreviation = c == '.' && !words.empty() && i > 0 &&
                                      detail::is_word_byte(text[i - 1]) &&
                                      detail::is_abbreviation(words.back().text);
      bool const closes = (c == '.' && !after_abbreviation) || c == '!' || c == '?' ||
                          rest.starts_with("\xE3\x80\x82");
      // A no-break space is a blank.
      if (!rest.starts_with("\xC2\xA0")) {
        push(rest.substr(0, mark), part_of_speech::punctuation);
      }
      ended = ended || closes;
      i += mark;
    } else {
      std::size_t const size = detail::word_bytes(rest);
      std::string_view const word = rest.substr(0, size);
      std::size_t const bare = size >= 1 ? size - 1 : 0;
      bool const has_s = size >= 3 && (word.back() == 's' || word.back() == 'S');
      std::size_t const mark_size =
          !has_s                                                              ? 0
          : word[bare - 1] == '\''                                            ? 1
          : size >= 5 && detail::apostrophe_bytes(word.substr(bare - 3)) == 3 ? 3
                                                                              : 0;
      if (mark_size != 0) {
        push(word.substr(0, bare - mark_size), part_of_speech::other);
        push("'s", part_of_speech::particle);
      } else {
        push(word, part_of_speech::other);
      }
      i += size;
    }
  }
  return words;
}

}  // namespace prefopt
