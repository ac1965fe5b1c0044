// SPDX-License-Identifier: MIT
#pragma once
/// \file  Keyword candidates: runs of nouns and adjectives, the nodes of the keyword graph.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefopt/core/math.hpp>
#include <prefopt/keyword/english_words.hpp>
#include <prefopt/keyword/porter_stem.hpp>
#include <prefopt/keyword/word.hpp>

namespace prefopt {

/// A phrase of the text; phrases with the same stems are one candidate.
struct keyword_candidate {
  std::string text;                ///< as first seen, in lower case, words joined by a blank
  std::vector<std::string> stems;  ///< of its words, in order
  std::vector<index_t> positions;  ///< of its first word, ascending, one for each occurrence
};

/// What becomes a candidate.
enum class candidate_shape : std::uint8_t {
  noun_phrase,   ///< adjectives and nouns that end with a noun: "red fire hydrant"
  adjacent_run,  ///< any longest run of nouns and adjectives, as MultipartiteRank has it
  noun,          ///< each noun alone: the paper's "words"
};

struct candidate_options {
  candidate_shape shape = candidate_shape::noun_phrase;
  index_t max_words = 5;
  index_t min_characters = 3;  ///< of the whole phrase, blanks not counted
  /// A phrase with such a word is none. The default is the built-in list of English function words.
  bool drop_function_words = true;
  /// Phrases whose last word is in this list (lower case) are dropped: what a segmenter cannot
  /// find.
  word_list not_keywords = english::not_things;
};

namespace detail {

/// Letters, digits, hyphens, bytes beyond ASCII; two characters or more.
inline bool is_keyword_word(std::string_view word)
{
  index_t characters = 0;
  for (char const c : word) {
    auto const byte = static_cast<unsigned char>(c);
    bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && byte < 0x80 && c != '-') { return false; }
    characters += (byte & 0xC0u) != 0x80u ? 1 : 0;  // continuation bytes do not count
  }
  return characters >= 2;
}

inline bool is_function_word(std::string_view word)
{
  using namespace english;
  constexpr word_list lists[] = {determiners,  pronouns,  auxiliaries,  adpositions,
                                 conjunctions, particles, interjections};
  return std::ranges::any_of(lists, [&](word_list list) { return contains_word(list, word); });
}

inline bool is_noun(part_of_speech tag)
{
  return tag == part_of_speech::noun || tag == part_of_speech::proper_noun;
}

/// Whether the words of a run may be a keyword.
inline bool is_acceptable(std::span<tagged_word const> run, candidate_options const& options)
{
  if (run.empty() || static_cast<index_t>(run.size()) > options.max_words) { return false; }
  index_t characters = 0;
  for (tagged_word const& word : run) {
    if (!is_keyword_word(word.text)) { return false; }
    if (options.drop_function_words && is_function_word(lower_case(word.text))) { return false; }
    for (char const c : word.text) {
      characters += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u ? 1 : 0;
    }
  }
  bool const head_is_none =
      contains_word(options.not_keywords, lower_case(run[run.size() - 1].text));
  return characters >= options.min_characters && !head_is_none;
}

}  // namespace detail

/// The candidates of a tagged text in the order of their first occurrence. A run ends with its
/// sentence. No words, or no nouns, give no candidate. O(w log w) for w words.
inline std::vector<keyword_candidate> keyword_candidates(std::span<tagged_word const> words,
                                                         candidate_options const& options = {})
{
  struct occurrence {
    keyword_candidate candidate;
    index_t position;
  };
  std::vector<occurrence> found;
  auto const push = [&](std::size_t first, std::size_t last) {
    if (options.shape == candidate_shape::noun_phrase) {
      while (last > first && !detail::is_noun(words[last - 1].tag)) { --last; }
    }
    auto const run = words.subspan(first, last - first);
    if (!detail::is_acceptable(run, options)) { return; }
    occurrence next{{}, static_cast<index_t>(first)};
    for (tagged_word const& word : run) {
      if (!next.candidate.text.empty()) { next.candidate.text += ' '; }
      next.candidate.text += lower_case(word.text);
      next.candidate.stems.push_back(porter_stem(word.text));
    }
    found.push_back(std::move(next));
  };
  std::size_t i = 0;
  while (i < words.size()) {
    std::size_t last = i;
    bool const single = options.shape == candidate_shape::noun;
    while (last < words.size() && words[last].sentence == words[i].sentence &&
           (detail::is_noun(words[last].tag) ||
            (!single && words[last].tag == part_of_speech::adjective))) {
      ++last;
      if (single) { break; }
    }
    if (last > i) { push(i, last); }
    i = last > i ? last : i + 1;
  }

  // Equal stems come together in the order of the text, and first occurrences give the order.
  std::ranges::sort(found, [](occurrence const& x, occurrence const& y) {
    bool const same = x.candidate.stems == y.candidate.stems;
    return same ? x.position < y.position : x.candidate.stems < y.candidate.stems;
  });
  std::vector<keyword_candidate> result;
  for (occurrence& next : found) {
    if (result.empty() || result.back().stems != next.candidate.stems) {
      result.push_back(std::move(next.candidate));
    }
    result.back().positions.push_back(next.position);
  }
  std::ranges::sort(result, {}, [](keyword_candidate const& c) { return c.positions[0]; });
  return result;
}

}  // namespace prefopt
