// SPDX-License-Identifier: MIT
#pragma once
/// \file  Words with their parts of speech: the input of the keyword graph.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// The universal parts of speech (universaldependencies.org, UPOS). The two kinds of conjunction
/// are one.
enum class part_of_speech : std::uint8_t {
  noun,
  proper_noun,
  adjective,
  verb,
  auxiliary,
  adverb,
  pronoun,
  determiner,
  adposition,
  numeral,
  conjunction,
  particle,
  interjection,
  punctuation,
  other,
};

/// A word as written and what it is. The position of a word is its index in the text, over all
/// sentences and with punctuation counted.
struct tagged_word {
  std::string text;
  part_of_speech tag = part_of_speech::other;
  index_t sentence = 0;
};

/// Fills in the tags of words that have text and sentence.
template <class Tagger>
concept part_of_speech_tagger =
    requires(Tagger const& tagger, std::vector<tagged_word>& words) { tagger(words); };

namespace detail {

struct tag_name {
  std::string_view name;
  part_of_speech tag;
};

inline constexpr tag_name universal_tag_names[] = {{"NOUN", part_of_speech::noun},
                                                   {"PROPN", part_of_speech::proper_noun},
                                                   {"ADJ", part_of_speech::adjective},
                                                   {"VERB", part_of_speech::verb},
                                                   {"AUX", part_of_speech::auxiliary},
                                                   {"ADV", part_of_speech::adverb},
                                                   {"PRON", part_of_speech::pronoun},
                                                   {"DET", part_of_speech::determiner},
                                                   {"ADP", part_of_speech::adposition},
                                                   {"NUM", part_of_speech::numeral},
                                                   {"CCONJ", part_of_speech::conjunction},
                                                   {"SCONJ", part_of_speech::conjunction},
                                                   {"PART", part_of_speech::particle},
                                                   {"INTJ", part_of_speech::interjection},
                                                   {"PUNCT", part_of_speech::punctuation},
                                                   {"SYM", part_of_speech::other},
                                                   {"X", part_of_speech::other}};

/// Tags of the Penn Treebank, as word lists and older taggers have them.
inline constexpr tag_name penn_tag_names[] = {
    {"NN", part_of_speech::noun},         {"NNS", part_of_speech::noun},
    {"NNP", part_of_speech::proper_noun}, {"NNPS", part_of_speech::proper_noun},
    {"JJ", part_of_speech::adjective},    {"JJR", part_of_speech::adjective},
    {"JJS", part_of_speech::adjective},   {"VB", part_of_speech::verb},
    {"VBD", part_of_speech::verb},        {"VBG", part_of_speech::verb},
    {"VBN", part_of_speech::verb},        {"VBP", part_of_speech::verb},
    {"VBZ", part_of_speech::verb},        {"MD", part_of_speech::auxiliary},
    {"RB", part_of_speech::adverb},       {"RBR", part_of_speech::adverb},
    {"RBS", part_of_speech::adverb},      {"WRB", part_of_speech::adverb},
    {"EX", part_of_speech::pronoun},      {"PRP", part_of_speech::pronoun},
    {"PRP$", part_of_speech::determiner}, {"WP", part_of_speech::pronoun},
    {"WP$", part_of_speech::determiner},  {"DT", part_of_speech::determiner},
    {"PDT", part_of_speech::determiner},  {"WDT", part_of_speech::determiner},
    {"IN", part_of_speech::adposition},   {"TO", part_of_speech::particle},
    {"RP", part_of_speech::adposition},   {"POS", part_of_speech::particle},
    {"CD", part_of_speech::numeral},      {"CC", part_of_speech::conjunction},
    {"UH", part_of_speech::interjection}, {"FW", part_of_speech::other},
    {"LS", part_of_speech::other},        {"SYM", part_of_speech::other},
    {".", part_of_speech::punctuation},   {",", part_of_speech::punctuation},
    {":", part_of_speech::punctuation},   {"(", part_of_speech::punctuation},
    {")", part_of_speech::punctuation},   {"``", part_of_speech::punctuation},
    {"''", part_of_speech::punctuation},  {"\"", part_of_speech::punctuation},
    {"#", part_of_speech::punctuation},   {"$", part_of_speech::other}};

/// The tag of that name, null if there is none.
constexpr tag_name const* find_tag(std::string_view name)
{
  for (auto const& known : universal_tag_names) {
    if (known.name == name) { return &known; }
  }
  for (auto const& known : penn_tag_names) {
    if (known.name == name) { return &known; }
  }
  return nullptr;
}

}  // namespace detail

/// The part of speech that a universal ("NOUN") or Penn Treebank ("NNS") tag names, for input that
/// is tagged already. Throws std::invalid_argument for any other text.
inline part_of_speech part_of_speech_named(std::string_view name)
{
  detail::tag_name const* const known = detail::find_tag(name);
  if (known == nullptr) {
    detail::throw_invalid("part_of_speech_named", "tag", "a universal or Penn Treebank tag",
                          "'" + std::string(name) + "'");
  }
  return known->tag;
}

}  // namespace prefopt
